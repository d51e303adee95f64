"""The steps, one a file: adding one is adding a file with CONSUMES, PRODUCES, PARAMETERS, tool and apply."""
