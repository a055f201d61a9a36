"""The wall around commands: where they may write, and whether they reach the network. One module per kind of wall in
`backends/`; the folder is the registry."""
