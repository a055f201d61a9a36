" Roles, fences, thinking, tool headers, expressions, references, and the part of markdown that models write.
"
" Not the whole of syntax/markdown.vim: that loads HTML, and with it half a dozen languages. All that spans lines begins
" or ends at a role marker, and a marker is where syncing begins: so a redraw costs the same in a file of any length.
if exists('b:current_syntax')
  finish
endif

syn case match
syn spell toplevel

" ---- markdown, at the top and in messages
syn cluster chatMarkdown contains=chatHeading,chatRule,chatBullet,chatNumber,chatQuote,chatTable,chatCode,chatBold,chatItalic,chatBoldItalic,chatStrike,chatLink,chatUrl,chatFence,chatIndentedFence,chatTask
syn match chatHeading /^#\{1,6}\s.*$/ contains=chatCode,chatBold,chatItalic,@Spell
syn match chatRule /^\s\{0,3}\%(\*\s*\*\s*\*[* ]*\|-\s*-\s*-[- ]*\|_\s*_\s*_[_ ]*\)$/
syn match chatBullet /^\s*[-*+]\ze\s/ nextgroup=chatTask skipwhite
syn match chatNumber /^\s*\d\{1,9}[.)]\ze\s/
syn match chatTask /\[[ xX]\]\ze\s/ contained
syn match chatQuote /^\s*>.*$/ contains=chatCode,chatBold,chatItalic,chatLink,@Spell
syn match chatTable /^\s*|.*|\s*$/ contains=chatTableBar,chatTableRule,chatCode,chatBold,chatItalic,chatLink,@Spell
syn match chatTableBar /|/ contained
syn match chatTableRule /^\s*|[-:| ]\+|\s*$/ contained
syn region chatCode matchgroup=chatCodeDelimiter start=/\z(`\+\)/ end=/`\@1<!\z1`\@!/ concealends oneline keepend display contains=@NoSpell
syn region chatBold matchgroup=chatMark start=/\*\*\S\@=/ end=/\S\@1<=\*\*/ concealends oneline display contains=chatCode,chatItalic,@Spell
syn region chatItalic matchgroup=chatMark start=/\%(^\|[^*[:alnum:]]\)\@1<=\*[^* \t]\@=/ end=/[^ \t*]\@1<=\*\*\@!/ concealends oneline display contains=chatCode,@Spell
syn region chatItalic matchgroup=chatMark start=/\<_\S\@=/ end=/\S\@1<=_\>/ concealends oneline display contains=chatCode,@Spell
syn region chatBoldItalic matchgroup=chatMark start=/\*\*\*\S\@=/ end=/\S\@1<=\*\*\*/ concealends oneline display contains=chatCode,@Spell
syn region chatStrike matchgroup=chatMark start=/\~\~\S\@=/ end=/\S\@1<=\~\~/ concealends oneline display contains=@Spell
syn match chatLink /!\?\[[^][]*\]([^()]*)/ display contains=chatLinkOpen,chatLinkTarget,@Spell
syn match chatLinkOpen /!\?\[/ contained conceal contains=@NoSpell
syn match chatLinkTarget /\]([^()]*)/ contained conceal contains=@NoSpell
syn match chatUrl /\<https\?:\/\/[^[:space:]<>"]*[^[:space:]<>".,;:)]/ display contains=@NoSpell

" A fence hides everything in it, markers too. The close has at least as many backticks.
syn region chatFence matchgroup=FlemmaFence start=/^\z(`\{3,}\)[^`]*$/ end=/^\z1`*\s*$/ contains=@NoSpell
syn region chatIndentedFence matchgroup=FlemmaFence start=/^\s\+\z(`\{3,}\)[^`]*$/ end=/^\s*\z1`*\s*$\|^@\%(System\|You\|Assistant\):/me=s-1 contains=@NoSpell

" ---- messages
syn region FlemmaSystem matchgroup=FlemmaRoleSystem start=/^@System:/ end=/\n\ze@\%(System\|You\|Assistant\):/ contains=@chatMarkdown,@chatTemplate,@Spell
syn region FlemmaUser matchgroup=FlemmaRoleUser start=/^@You:/ end=/\n\ze@\%(System\|You\|Assistant\):/ contains=@chatMarkdown,@chatTemplate,chatToolResult,chatComment,@Spell
syn region FlemmaAssistant matchgroup=FlemmaRoleAssistant start=/^@Assistant:/ end=/\n\ze@\%(System\|You\|Assistant\):/ contains=@chatMarkdown,FlemmaThinkingBlock,chatThinkingWhole,chatToolUse,chatComment,FlemmaAborted,@Spell

syn cluster chatTemplate contains=FlemmaUserLuaExpression,FlemmaLuaCodeBlock,FlemmaUserFileReference
syn region FlemmaUserLuaExpression matchgroup=FlemmaLuaDelimiter start=/{{-\?/ end=/-\?}}/ contained contains=@NoSpell
syn region FlemmaLuaCodeBlock matchgroup=FlemmaLuaDelimiter start=/{%-\?/ end=/-\?%}/ contained contains=@NoSpell
syn match FlemmaUserFileReference /\%(^\|[^[:alnum:]@]\)\@1<=@\.\{1,2}\/[^[:space:]]*[^[:space:].,;:!?)\]]/ contained display contains=@NoSpell
syn match FlemmaUserFileReference /\%(^\|[^[:alnum:]@]\)\@1<=@\%(\~\/\|\/\/\?\)[^[:space:]]*[^[:space:].,;:!?)\]]/ contained display contains=@NoSpell

syn region FlemmaThinkingBlock matchgroup=NONE start=/^<thinking\%( redacted\| \w\+:signature="[^"]*"\)\?>$/ matchgroup=FlemmaThinkingTag end=/^<\/thinking>$/ matchgroup=NONE end=/\n\ze@\%(System\|You\|Assistant\):/ contained contains=FlemmaThinkingTag,@Spell
syn match chatThinkingWhole /^<thinking \w\+:signature="[^"]*"\/>$/ contained contains=FlemmaThinkingTag
syn match FlemmaThinkingTag /^<thinking\%(\s.*\)\?>$/ contained contains=chatSignature,@NoSpell
syn match chatSignature /:signature="[^"]*"/ contained conceal contains=FlemmaThinkingSignature
syn match FlemmaThinkingSignature /"\zs[^"]\+\ze"/ contained contains=@NoSpell

syn match chatToolUse /^\*\*Tool Use:\*\*.*$/ contained contains=FlemmaToolUse,chatToolName,@NoSpell
syn match FlemmaToolUse /^\*\*Tool Use:\*\*/ contained nextgroup=chatToolName skipwhite
syn match chatToolName /`[^`]*`/ contained nextgroup=chatToolId skipwhite
syn match chatToolId /(`[^`]*`)/ contained
syn match chatToolResult /^\*\*Tool Result:\*\*.*$/ contained contains=FlemmaToolResult,@chatStatus,chatResultId,@NoSpell
syn match FlemmaToolResult /^\*\*Tool Result:\*\*/ contained nextgroup=chatResultId skipwhite
syn match chatResultId /`[^`]*`/ contained
syn cluster chatStatus contains=chatStatusOther,FlemmaToolResultError,FlemmaToolResultPending,FlemmaToolResultApproved,FlemmaToolResultRejected,FlemmaToolResultDenied,FlemmaToolResultAborted
syn match chatStatusOther /([^()]*)\s*$/ contained
syn match FlemmaToolResultError /([^()]*\<error\>[^()]*)\s*$/ contained
syn match FlemmaToolResultPending /([^()]*\<pending\>[^()]*)\s*$/ contained
syn match FlemmaToolResultApproved /([^()]*\<approved\>[^()]*)\s*$/ contained
syn match FlemmaToolResultRejected /([^()]*\<reject\%(ed\)\?\>[^()]*)\s*$/ contained
syn match FlemmaToolResultDenied /([^()]*\<den\%(y\|ied\)\>[^()]*)\s*$/ contained
syn match FlemmaToolResultAborted /([^()]*\<aborted\>[^()]*)\s*$/ contained

syn match chatComment /^<!--\s*flemma:.*-->\s*$/ contained contains=@NoSpell
syn match FlemmaAborted /^<!--\s*flemma:aborted:.*-->\s*$/ contained contains=@NoSpell

" ---- the frontmatter
syn region chatFrontmatter matchgroup=FlemmaFence start=/\%^```[A-Za-z0-9]\+\s*$/ end=/^```\s*$/ contains=@NoSpell

" ---- where to begin: the next marker above, and never far
syn sync match chatSyncSystem grouphere FlemmaSystem /^@System:/
syn sync match chatSyncUser grouphere FlemmaUser /^@You:/
syn sync match chatSyncAssistant grouphere FlemmaAssistant /^@Assistant:/
syn sync maxlines=500

hi def link chatHeading Title
hi def link chatRule Comment
hi def link chatBullet Special
hi def link chatNumber Special
hi def link chatTask Special
hi def link chatQuote Comment
hi def link chatTableBar Comment
hi def link chatTableRule Comment
hi def link chatCode String
hi def link chatCodeDelimiter Comment
hi def link chatMark Comment
hi def chatBold term=bold cterm=bold gui=bold
hi def chatItalic term=italic cterm=italic gui=italic
hi def chatBoldItalic term=bold,italic cterm=bold,italic gui=bold,italic
hi def chatStrike term=strikethrough cterm=strikethrough gui=strikethrough
hi def link chatLink Underlined
hi def link chatLinkTarget Comment
hi def link chatUrl Underlined
hi def link chatFence String
hi def link chatIndentedFence String
hi def link chatFrontmatter String
hi def link chatToolName FlemmaToolName
hi def link chatToolId FlemmaToolId
hi def link chatResultId FlemmaToolId
hi def link chatSignature FlemmaThinkingTag
hi def link chatStatusOther FlemmaToolId
hi def link chatLinkOpen Comment
hi def link chatThinkingWhole FlemmaThinkingTag
hi def link chatComment Comment

let b:current_syntax = 'chat'
