"""Capital flow as pandas sees it: queries, tidy frames and measures. No input or output in here."""
