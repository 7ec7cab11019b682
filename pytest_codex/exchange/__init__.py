"""The evidence: exchanges and the transcripts of streamed ones. Values only, no input or output."""
