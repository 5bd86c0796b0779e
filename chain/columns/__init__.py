"""The ledger's hashes, trees and counts over columns of numpy, for epochs of millions of events.

Everything here exists a second time in `chain.ledger` and `chain.settlement`, one object at a time
and easy to read; the two are held against each other, byte for byte.
"""
