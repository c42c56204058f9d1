"""The benchmark of forecasts and anomalies: `make bench-forecast`, written to docs/forecast-accuracy.md."""
