/*
 * What shells run. They ask `mlstack __complete INDEX -- WORDS…`, which prints a candidate per line; `:files` stands for the names of files.
 * So the candidates are those of the version that is installed, and a script is never out of date.
 */

const BASH = `# mlstack completion bash: source it from ~/.bashrc
_mlstack() {
  local cur="\${COMP_WORDS[COMP_CWORD]}" line at="" i index=$COMP_CWORD
  local -a words=()
  # bash cuts words at the @ that names of packages begin with
  for ((i = 0; i < \${#COMP_WORDS[@]}; i++)); do
    if [[ $i -gt 0 && $COMP_WORDBREAKS == *@* && \${COMP_WORDS[i-1]} == "@" ]]; then
      words[\${#words[@]}-1]+="\${COMP_WORDS[i]}"
      [[ $i -le $COMP_CWORD ]] && index=$((index - 1))
      [[ $i -eq $COMP_CWORD ]] && at="@"
    else
      words+=("\${COMP_WORDS[i]}")
    fi
  done
  [[ $cur == "@" && $COMP_WORDBREAKS == *@* ]] && at="@"
  [[ $cur == "=" ]] && cur=""
  COMPREPLY=()
  while IFS= read -r line; do
    if [[ $line == ":files" ]]; then
      while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -f -- "$cur")
      compopt -o filenames 2>/dev/null
    else
      line="\${line%%$'\\t'*}"
      COMPREPLY+=("\${line#"$at"}")
    fi
  done < <("\${COMP_WORDS[0]}" __complete "$index" -- "\${words[@]}" 2>/dev/null)
  [[ \${#COMPREPLY[@]} -gt 0 && \${COMPREPLY[0]} == */ ]] && compopt -o nospace 2>/dev/null
  return 0
}
complete -F _mlstack mlstack
`;

const ZSH = `#compdef mlstack
# mlstack completion zsh: source it from ~/.zshrc, after compinit
_mlstack() {
  local line
  local -a names descriptions
  while IFS= read -r line; do
    if [[ $line == ":files" ]]; then
      [[ \${words[CURRENT]} == --*=* ]] && compset -P '--*='
      _files
    else
      names+=("\${line%%$'\\t'*}")
      descriptions+=("\${line/$'\\t'/  -- }")
    fi
  done < <("\${words[1]}" __complete $((CURRENT - 1)) -- "\${words[@]}" 2>/dev/null)
  if (( \${#names} > 0 )); then
    if [[ \${names[1]} == */ ]]; then compadd -S '' -l -d descriptions -a names; else compadd -l -d descriptions -a names; fi
  fi
}
compdef _mlstack mlstack
`;

const FISH = `# mlstack completion fish: mlstack completion fish > ~/.config/fish/completions/mlstack.fish
function __mlstack_complete
    set -l words (commandline -opc) (commandline -ct)
    for line in ($words[1] __complete (math (count $words) - 1) -- $words 2>/dev/null)
        if test "$line" = ":files"
            set -l before (string match -r -- '^--[^=]*=' $words[-1])
            for path in (__fish_complete_path (string replace -r -- '^--[^=]*=' '' $words[-1]))
                echo "$before$path"
            end
        else
            echo $line
        end
    end
end
complete -c mlstack -f -a '(__mlstack_complete)'
`;

export const SCRIPTS: Readonly<Record<string, string>> = { bash: BASH, zsh: ZSH, fish: FISH };
