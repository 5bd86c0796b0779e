"""Operators as processes of their own: what they are asked, how they answer, how answers are taken.

An operator is an `oracle.operator.Operator` in this process, or a `RemoteOperator` at an address.
Whoever collects believes neither: signatures are recovered, and anything else an operator says is a
reason why it did not sign.
"""

from __future__ import annotations
