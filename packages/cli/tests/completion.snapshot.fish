# Completion of lakelet for fish. In every new shell: lakelet completion fish > ~/.config/fish/completions/lakelet.fish
function __lakelet_complete
    set -l words (commandline -opc)
    set -l program $words[1]
    set -e words[1]
    set -l current (commandline -ct)
    set -l lines ($program __complete -- $words "$current" 2>/dev/null)
    if test "$lines" = :files
        __fish_complete_path "$current"
    else if set -q lines[1]
        printf '%s\n' $lines
    end
end
complete -c lakelet -f -a '(__lakelet_complete)'
