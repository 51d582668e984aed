# What zsh offers when Tab is pressed at the end of a command line, one candidate a line.
#
#     zsh -f zsh_offers.zsh FOLDER LINE      FOLDER holds the completion scripts (_ftckpt ...), and is written to
#
# A shell on a pseudo terminal is given the line and the Tab; what passes through its compadd is the offer.
zmodload zsh/zpty
export FT_FOLDER=$1
line=$2
cat >$FT_FOLDER/setup <<'SETUP'
PS1= PS2=
fpath=($FT_FOLDER $fpath)
autoload -Uz compinit && compinit -D -u
compadd() {
    if [[ -z $argv[(r)-[OAD]] ]]; then
        local -a hits
        builtin compadd -O hits "$@"
        print -rl -- $hits >>$FT_FOLDER/offers
    fi
    builtin compadd "$@"
}
comppostfuncs=(exit)
bindkey '^I' complete-word
print -r -- ready
SETUP
: >$FT_FOLDER/offers
zpty shell zsh -f -i
zpty -w shell "source $FT_FOLDER/setup"
zpty -r -m shell said '*ready*'
zpty -w -n shell "$line"$'\t'
while zpty -r shell said; do :; done 2>/dev/null
sort -u $FT_FOLDER/offers
