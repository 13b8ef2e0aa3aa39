"""Send good, bad and huge requests to the service."""
