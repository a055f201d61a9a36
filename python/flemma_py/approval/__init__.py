"""Who may run what: from a call of a tool and the owner's rules to approve, ask or deny, with the reason.

Pure: what a path really is, and where tools may write, are told by callables. Whatever cannot be told asks. The rules
are comfort, not a wall: a program that may run may do whatever it can do.

What the app uses, in the order in which it needs it:

    read_approvals(words, presets)          resolvers.py   settings -> rules, functions, modules, problems
    config_resolver, function_resolver,     resolvers.py   one `Resolver` for each who has a say
    sandbox_resolver, catch_all_resolver
    decide(resolvers, Call, Place)          chain.py       -> `Decision`, or `Question` for a function of the owner's:
                                                           question.answered(answer or `Failed`) goes on
    Repeats(document).stop(tool, input)     repeats.py     why a model that goes round in circles is stopped
    offers_for(Call, Place)                 offers.py      rules that would allow a call, the narrowest first

`decide` may look at the file system through its `Place` and takes a bounded time: some milliseconds at most for what a
model usually writes, a few seconds at worst. A kind of argument is one file in `arguments/`, what is known of a program
one in `programs/`. The grammar of bash (`shell/`) is loaded with the first command.
"""
