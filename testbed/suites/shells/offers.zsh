# Prints what an interactive zsh offers where Tab is pressed, one word a line.
#   zsh -f offers.zsh LOAD LINE
# LOAD is a command that loads the completion; LINE ends where Tab is pressed.
zmodload zsh/zpty
offers=$(mktemp)
export OFFERS=$offers LOAD=$1
export INSIDE='
PS1= LISTMAX=9999
autoload -Uz compinit
compinit -u -D
compadd() {
  local -a offered
  # With -A, -D or -O it only fills arrays of the caller.
  if [[ "${@[1,(i)(-|--)]}" != *-(A|D|O)* ]]; then
    builtin compadd -A offered "$@"
    print -rl -- $offered >>$OFFERS
  fi
  builtin compadd "$@"
}
eval "$LOAD"
# Before the editor reads keys, the terminal would act on them.
zle-line-init() { print -n "editor is ready" }
zle -N zle-line-init
'
zpty shell zsh -f -i
zpty -w shell 'eval "$INSIDE"'
zpty -r -m shell shown '*editor is ready*'
zpty -w -n shell "$2"$'\t\x15'
zpty -w shell exit
while zpty -r shell shown; do :; done
sort -u $offers
rm $offers
