# Completion of lakelet for zsh. In every new shell: echo 'source <(lakelet completion zsh)' >> ~/.zshrc
(( $+functions[compdef] )) || { autoload -Uz compinit && compinit -u }
_lakelet() {
  local -a names shown
  local line
  for line in "${(@f)$("$words[1]" __complete -- "${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
    [[ $line == :files ]] && { _files; return }
    [[ -z $line ]] && continue
    names+=("${line%%$'\t'*}")
    shown+=("${line/$'\t'/  -- }")
  done
  (( $#names )) && compadd -l -d shown -a names
}
compdef _lakelet lakelet
