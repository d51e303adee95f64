"""What a model costs an app before it runs: bytes in the APK, bytes fetched, and how a new one is noticed."""
