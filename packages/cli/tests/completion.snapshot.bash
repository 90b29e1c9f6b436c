# Completion of lakelet for bash. In every new shell: echo 'source <(lakelet completion bash)' >> ~/.bashrc
_lakelet() {
  local words=() word i line cur prefix isJoined=
  for ((i = 1; i <= COMP_CWORD; i++)); do
    word=${COMP_WORDS[i]}
    if [[ -n $isJoined || $word == [=:]* ]] && ((${#words[@]} > 0)); then
      words[${#words[@]} - 1]+=$word
    else
      words+=("$word")
    fi
    if [[ $word == *[=:] ]]; then isJoined=1; else isJoined=; fi
  done
  cur=${words[${#words[@]} - 1]}
  prefix=${cur%"$2"}
  COMPREPLY=()
  while IFS= read -r line; do
    [[ $line == :files ]] && { compopt -o default; COMPREPLY=(); return; }
    line=${line%%$'\t'*}
    COMPREPLY+=("${line#"$prefix"}")
  done < <("${COMP_WORDS[0]}" __complete -- "${words[@]}" 2>/dev/null)
}
# Paths of users hold an @, which would begin a host name.
COMP_WORDBREAKS=${COMP_WORDBREAKS//@}
complete -F _lakelet lakelet
