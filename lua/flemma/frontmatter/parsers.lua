--- The older name of `flemma.codeblock.parsers`.
return require("flemma.codeblock.parsers")
