"""Scripts that complete Power's commands, their flags and the models' names, for three shells.

What there is of commands and flags stands in the script; the names are asked for anew each time (``power __models``).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

NAMES_COMMAND = "__models"
_PROGRAMS = ("power", "a3s-power")


@dataclass(frozen=True, slots=True, kw_only=True)
class Completed:
    """A command under one of its names. ``flags`` are pairs of a flag and its help."""

    name: str
    help: str
    flags: tuple[tuple[str, str], ...]
    takes_models: bool


_BASH = """\
# Power's completion for bash. Put it into force with: source <(power completion bash)
_power() {{
    # Not COMP_WORDS: bash ends a word at the colon of a model's name.
    local line="${{COMP_LINE:0:COMP_POINT}}"
    local word="${{line##* }}" command="${{COMP_WORDS[1]}}" found="" models=""
    if [[ $COMP_CWORD -le 1 ]]; then
        found="{commands}"
    else
        case "$command" in
{cases}
        esac
        if [[ "$word" != -* ]]; then
            found=""
            [[ -n "$models" ]] && found="$("${{COMP_WORDS[0]}}" {names} 2>/dev/null)"
        fi
    fi
    COMPREPLY=($(compgen -W "$found" -- "$word"))
    if [[ "$word" == *:* && "$COMP_WORDBREAKS" == *:* ]]; then
        local head="${{word%"${{word##*:}}"}}"
        COMPREPLY=("${{COMPREPLY[@]#"$head"}}")
    fi
}}
complete -o default -F _power {programs}
"""
_BASH_CASE = '            {name}) found="{flags}" models={models} ;;'

_ZSH = """\
#compdef {programs}
# Power's completion for zsh. Put it into force with: source <(power completion zsh)
_power() {{
    local -a found
    if (( CURRENT == 2 )); then
        found=({commands})
        _describe command found
        return
    fi
    local models=""
    case "$words[2]" in
{cases}
    esac
    if [[ "$words[CURRENT]" == -* ]]; then
        _describe flag found
    elif [[ -n "$models" ]]; then
        compadd -- ${{(f)"$("$words[1]" {names} 2>/dev/null)"}}
    else
        _files
    fi
}}
# In a folder of fpath this file is the function's body, and called by its name.
if [[ "$funcstack[1]" == _power ]]; then
    _power "$@"
else
    compdef _power {programs}
fi
"""
_ZSH_CASE = "        {name}) found=({flags}); models={models} ;;"

_FISH_HEAD = "# Power's completion for fish. Put it into force with: power completion fish | source\n"


def bash_script(commands: Sequence[Completed]) -> str:
    cases = [
        _BASH_CASE.format(
            name=command.name,
            flags=" ".join(flag for flag, _ in command.flags),
            models="yes" if command.takes_models else "",
        )
        for command in commands
    ]
    return _BASH.format(
        commands=" ".join(command.name for command in commands),
        cases="\n".join(cases),
        names=NAMES_COMMAND,
        programs=" ".join(_PROGRAMS),
    )


def zsh_script(commands: Sequence[Completed]) -> str:
    cases = [
        _ZSH_CASE.format(
            name=command.name,
            flags=" ".join(_described(flag, text) for flag, text in command.flags),
            models="yes" if command.takes_models else "",
        )
        for command in commands
    ]
    return _ZSH.format(
        commands=" ".join(_described(command.name, command.help) for command in commands),
        cases="\n".join(cases),
        names=NAMES_COMMAND,
        programs=" ".join(_PROGRAMS),
    )


def fish_script(commands: Sequence[Completed]) -> str:
    return _FISH_HEAD + "".join(_fish_lines(program, command) for program in _PROGRAMS for command in commands)


def _fish_lines(program: str, command: Completed) -> str:
    lines = [f"complete -c {program} -f -n __fish_use_subcommand -a {command.name} -d {_quoted(command.help)}\n"]
    inside = f"complete -c {program} -n '__fish_seen_subcommand_from {command.name}'"
    for flag, text in command.flags:
        kind = "-l" if flag.startswith("--") else "-s"
        lines.append(f"{inside} {kind} {flag.lstrip('-')} -d {_quoted(text)}\n")
    if command.takes_models:
        lines.append(f"{inside} -f -a '({program} {NAMES_COMMAND} 2>/dev/null)'\n")
    return "".join(lines)


def _described(word: str, text: str) -> str:
    """zsh's pair of a word and what it does, which a colon divides."""
    return _quoted(f"{word}:{text}")


def _quoted(text: str) -> str:
    """As one word of a shell: what a quote would end is a typographic one."""
    return "'" + text.replace("'", "’").replace("\n", " ") + "'"


SCRIPTS: dict[str, Callable[[Sequence[Completed]], str]] = {
    "bash": bash_script,
    "zsh": zsh_script,
    "fish": fish_script,
}
