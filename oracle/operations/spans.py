"""Traces of what a round did, for whoever installed OpenTelemetry's SDK and turned them on.

OpenTelemetry's API alone, which is always there, records nothing and costs next to nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from opentelemetry import trace

SWITCH: Final = "ANTIPHON_TRACING"
_tracer = trace.get_tracer("antiphon.oracle")


class TracingUnavailable(Exception):
    """Raised when traces are asked for and nothing is installed that could send them."""

    def __init__(self) -> None:
        super().__init__(
            f"{SWITCH} is set, but OpenTelemetry's SDK is not installed. Next: "
            "pip install opentelemetry-sdk opentelemetry-exporter-otlp-proto-http, or unset it"
        )


def turn_on() -> None:
    """Send spans where OTEL_EXPORTER_OTLP_ENDPOINT says. Raises TracingUnavailable."""
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError as error:
        raise TracingUnavailable from error
    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)


@contextmanager
def span(name: str, **attributes: str | int) -> Iterator[None]:
    """One named stretch of work."""
    with _tracer.start_as_current_span(name, attributes=attributes):
        yield
