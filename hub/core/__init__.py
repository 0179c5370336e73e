"""What every room speaks: records, ids, errors, time, settings, the connector contract, HTTP."""
