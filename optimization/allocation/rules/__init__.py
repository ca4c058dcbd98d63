"""Plans and their rules: which holds for a pool, and what quantities it asks for.

`plan_rows` reads a plan that somebody wrote, `content` takes its fingerprint, `plan_states` says
which versions are in force. `targets` is the door to what they give: `rule` states the rules,
`selecting` finds the one that holds for each pool, `quantities` shares by it, with `weights`.
"""
