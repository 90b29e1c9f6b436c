// The scripts that make a shell ask `lakelet __complete` for what may come next. They know nothing of the commands.

export const SHELLS = ['bash', 'zsh', 'fish'] as const
export type Shell = (typeof SHELLS)[number]

/** How to have completion in every new shell. */
export const INSTALL: Readonly<Record<Shell, string>> = {
  bash: "echo 'source <(lakelet completion bash)' >> ~/.bashrc",
  zsh: "echo 'source <(lakelet completion zsh)' >> ~/.zshrc",
  fish: 'lakelet completion fish > ~/.config/fish/completions/lakelet.fish',
}

/** Printed instead of candidates where the shell knows the files better. */
export const FILES = ':files'

// Bash cuts words at = and :; they are put together again, and what stands before
// the part that it replaces, $2, is taken off the candidates.
const BASH = String.raw`_lakelet() {
  local words=() word i line cur prefix isJoined=
  for ((i = 1; i <= COMP_CWORD; i++)); do
    word=${'$'}{COMP_WORDS[i]}
    if [[ -n $isJoined || $word == [=:]* ]] && ((${'$'}{#words[@]} > 0)); then
      words[${'$'}{#words[@]} - 1]+=$word
    else
      words+=("$word")
    fi
    if [[ $word == *[=:] ]]; then isJoined=1; else isJoined=; fi
  done
  cur=${'$'}{words[${'$'}{#words[@]} - 1]}
  prefix=${'$'}{cur%"$2"}
  COMPREPLY=()
  while IFS= read -r line; do
    [[ $line == ${FILES} ]] && { compopt -o default; COMPREPLY=(); return; }
    line=${'$'}{line%%$'\t'*}
    COMPREPLY+=("${'$'}{line#"$prefix"}")
  done < <("${'$'}{COMP_WORDS[0]}" __complete -- "${'$'}{words[@]}" 2>/dev/null)
}
# Paths of users hold an @, which would begin a host name.
COMP_WORDBREAKS=${'$'}{COMP_WORDBREAKS//@}
complete -F _lakelet lakelet`

const ZSH = String.raw`(( $+functions[compdef] )) || { autoload -Uz compinit && compinit -u }
_lakelet() {
  local -a names shown
  local line
  for line in "${'$'}{(@f)$("$words[1]" __complete -- "${'$'}{(@)words[2,CURRENT]}" 2>/dev/null)}"; do
    [[ $line == ${FILES} ]] && { _files; return }
    [[ -z $line ]] && continue
    names+=("${'$'}{line%%$'\t'*}")
    shown+=("${'$'}{line/$'\t'/  -- }")
  done
  (( $#names )) && compadd -l -d shown -a names
}
compdef _lakelet lakelet`

const FISH = String.raw`function __lakelet_complete
    set -l words (commandline -opc)
    set -l program $words[1]
    set -e words[1]
    set -l current (commandline -ct)
    set -l lines ($program __complete -- $words "$current" 2>/dev/null)
    if test "$lines" = ${FILES}
        __fish_complete_path "$current"
    else if set -q lines[1]
        printf '%s\n' $lines
    end
end
complete -c lakelet -f -a '(__lakelet_complete)'`

/** The script of `shell`, with how to install it in its first line. */
export function scriptOf(shell: Shell): string {
  const text = { bash: BASH, zsh: ZSH, fish: FISH }[shell]
  return `# Completion of lakelet for ${shell}. In every new shell: ${INSTALL[shell]}\n${text}\n`
}
