"""What every floor above stands on: the contract, screening, settings, secrets, logs, metrics, the server."""
