#!/usr/bin/env bash
# Verifies what a GitHub event brings, by the policy of the branch that it is
# for. The event's file says what, VERIFY_* variables are the inputs of
# action.yml. From what is to be judged nothing is read but git objects, and
# none of it is run. Exit statuses are those of paraph verify: 2 is wrong use or
# no policy, 3 what could not be checked. docs/ci.md tells more.
set -euo pipefail

exec 3>&1 # annotations, also of what runs in $()
format=${VERIFY_FORMAT:-github}
[ "$format" = github ] || exec 3>&2
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# Whom to trust is said by inputs, and by nothing that lies around.
for name in "${!PARAPH_@}"; do unset "$name"; done
export LC_ALL=C GIT_TERMINAL_PROMPT=0 GIT_NO_REPLACE_OBJECTS=1 GIT_NO_LAZY_FETCH=1

ref='' by=() what=() # --ref, the flags that say who judges, revisions and ranges

# annotate makes an annotation; escaped as actions/toolkit does, in
# packages/core/src/command.ts, so that no text ends it or begins another.
annotate() {
	local s=${2//'%'/%25}
	s=${s//$'\r'/%0D}
	s=${s//$'\n'/%0A}
	printf '::%s title=paraph::%s\n' "$1" "${s//[[:cntrl:]]/?}" >&3
}

# cell is text that Markdown takes for text.
cell() { printf '%s' "$1" | tr '\000-\037' ' ' | sed 's/&/\&amp;/g; s/</\&lt;/g; s/>/\&gt;/g; s/|/\&#124;/g; s/`/\&#96;/g; s/_/\&#95;/g; s/\*/\&#42;/g; s/\[/\&#91;/g'; }

# summary writes the job's summary: an exit status, and words.
summary() {
	local result='could not be checked'
	case $1 in 0) result=passed ;; 1) result='did not pass' ;; 2) result='wrong use or no policy' ;; esac
	[ -n "${GITHUB_STEP_SUMMARY:-}" ] || return 0
	{
		printf '### paraph: %s\n\n| what | |\n|---|---|\n' "$result"
		printf '| event | %s |\n' "$(cell "$GITHUB_EVENT_NAME")"
		[ -z "$ref" ] || printf '| judged as | %s |\n' "$(cell "$ref")"
		[ ${#by[@]} = 0 ] || printf '| judged by | %s |\n' "$(cell "${by[*]}")"
		[ ${#what[@]} = 0 ] || printf '| verified | %s |\n' "$(cell "${what[*]}")"
		[ -z "$2" ] || printf '| result | %s |\n' "$(cell "$2")"
	} >>"$GITHUB_STEP_SUMMARY"
}

die() {
	annotate error "$2"
	summary "$1" "$2"
	exit "$1"
}

nothing() {
	annotate notice "$1: there is nothing to verify."
	summary 0 "$1: there is nothing to verify."
	exit 0
}

# What the event says. Everything is checked for its shape: it is text that
# somebody chose.
field() { jq -r "$1 // empty" "$GITHUB_EVENT_PATH"; }
is_id() { [[ $1 =~ ^([0-9a-f]{40}|[0-9a-f]{64})$ ]]; }
is_zeros() { [[ $1 =~ ^0+$ ]]; }

id() {
	local value
	value=$(field "$1")
	is_id "$value" || die 2 "The event's $1 is no commit id, but '$value'."
	printf '%s' "$value"
}

branch() { # NAME
	local ref=refs/heads/${1#refs/heads/}
	git check-ref-format "$ref" || die 2 "'$1' is no name of a branch. The input target names the branch whose policy counts, such as main."
	printf '%s' "$ref"
}

# fetch asks the remote, and keeps git's words.
said=''
fetch() {
	said=$(git -c core.hooksPath=/dev/null -c maintenance.auto=false -c gc.auto=0 fetch -q --no-tags --no-recurse-submodules \
		--no-write-fetch-head --refmap= "$@" 2>&1 </dev/null)
}

here() { git cat-file -e "$1" 2>/dev/null; }
is_shallow() { [ "$(git rev-parse --is-shallow-repository)" = true ]; }
is_ancestor() { git merge-base --is-ancestor "$1" "$2" 2>/dev/null; }
hint='Give actions/checkout fetch-depth: 0, and its token where the repository is private.'

# need fetches an object that is not here: ID [REF].
need() {
	local from
	if is_shallow; then
		fetch --unshallow origin HEAD || fetch --unshallow origin || true
		! is_shallow || die 3 "The clone is shallow, and the rest cannot be fetched. $hint"$'\n'"$said"
	fi
	for from in "${@:2}" "$1"; do
		! here "$1" || return 0
		fetch origin "$from" || true
	done
	here "$1" || die 3 "$1 is not in this clone and cannot be fetched. $hint"$'\n'"$said"
}

# tip is the id of a ref as it is on the remote, empty where it is not there.
tip() { # REF
	local found name
	git ls-remote -q origin "$1" 2>"$scratch/words" </dev/null >"$scratch/refs" || return 1
	while read -r found name; do
		[ "$name" != "$1" ] || printf '%s' "$found"
	done <"$scratch/refs"
}

# targets_tip is where the target's policy is read for other branches.
targets_tip() {
	local id
	id=$(tip "$target") || die 3 "The remote cannot be asked for $target. $hint"$'\n'"$(cat "$scratch/words")"
	is_id "$id" || die 2 "There is no $target, whose policy would count. The input target names another branch."
	printf '%s' "$id"
}

# fixed has the policy of a commit judge, or the one that the input names.
fixed() {
	by=(--policy "${policy:-$1:.paraph/policy}")
	[ -n "$policy" ] || has_policy "$1"
}

# anchored has the policy judge as it develops from a commit on.
anchored() {
	by=(--policy-anchor "$1")
	has_policy "$1"
}

has_policy() {
	[ -n "$(git ls-tree --full-tree "$1" -- .paraph/policy)" ] ||
		die 2 "$1 has no .paraph/policy, by which what comes after it could be judged. paraph policy init writes one: commit that first, by itself. Until it is there, the input policy can stand in."
}

# empty is a commit from which nothing comes: what a range leads from that is
# all there is.
empty() {
	printf 'tree %s\nauthor nobody <> 0 +0000\ncommitter nobody <> 0 +0000\n\n' "$(git hash-object -w -t tree /dev/null)" |
		git hash-object -w -t commit --stdin
}

# incoming judges what a merge of a head would bring into a ref.
incoming() { # POLICY'S COMMIT, BASE, HEAD
	fixed "$1"
	by+=(--incoming)
	what=("$2..$3")
}

# A pull request is its base..head, never the merge that GitHub makes to try. The event's
# base may be old: where the branch went on, its present policy counts.
pull_request() {
	local base head number now from
	base=$(id .pull_request.base.sha)
	head=$(id .pull_request.head.sha)
	number=$(field '.pull_request.number // .number')
	[[ $number =~ ^[0-9]+$ ]] || die 2 'The event has no number of a pull request.'
	ref=$(branch "$(field .pull_request.base.ref)")
	need "$base" "$ref"
	need "$head" "refs/pull/$number/head"
	if now=$(tip "$ref") && is_id "$now"; then
		need "$now" "$ref"
		if is_ancestor "$base" "$now" && ! is_ancestor "$head" "$now"; then base=$now; fi
	fi
	from=$base
	[ "$ref" = "$target" ] || { from=$(targets_tip) && need "$from" "$target"; }
	incoming "$from" "$base" "$head"
}

merge_group() {
	local base head from
	base=$(id .merge_group.base_sha)
	head=$(id .merge_group.head_sha)
	ref=$(branch "$(field .merge_group.base_ref)")
	need "$base" "$ref"
	need "$head" "$(field .merge_group.head_ref)"
	from=$base
	[ "$ref" = "$target" ] || { from=$(targets_tip) && need "$from" "$target"; }
	incoming "$from" "$base" "$head"
}

push() {
	local before after
	ref=$(field .ref)
	git check-ref-format "$ref" || die 2 "The event's .ref is no ref, but '$ref'."
	before=$(id .before)
	after=$(id .after)
	! is_zeros "$after" || nothing "$ref was deleted"
	need "$after" "$ref"
	case $ref in
	"$target") push_to_target "$before" "$after" ;;
	refs/heads/*) push_to_branch "$before" "$after" ;;
	refs/tags/*) push_of_tag "$before" "$after" ;;
	*) die 2 "$ref is neither a branch nor a tag." ;;
	esac
}

push_to_target() { # BEFORE AFTER
	if is_zeros "$1"; then
		[ -n "$policy$anchor" ] ||
			die 2 "$ref is new, and no policy was in force before. The input anchor names a commit of it that you know to be good, the input policy a policy for all of it."
		if [ -n "$policy" ]; then fixed "$2" && what=("$(empty)..$2"); else anchored "$anchor" && what=("$anchor..$2"); fi
		return
	fi
	need "$1"
	if [ -n "$policy" ]; then fixed "$1"; else anchored "${anchor:-$1}"; fi
	what=("$1..$2")
	is_ancestor "$1" "$2" && return
	annotate warning "$ref was pushed by force: $1 is no longer in it. paraph judges what is new; who may do that a hook on the server decides, or the forge's protection."
	# Moved back there is nothing new, and the tip is judged as what the ref leads to.
	is_ancestor "$2" "$1" || return 0
	fixed "$1"
	what=("$2")
}

push_to_branch() { # BEFORE AFTER
	local now since=$1
	now=$(targets_tip)
	need "$now" "$target"
	if is_zeros "$since"; then since=$now; else here "$since" || fetch origin "$since" || since=$now; fi
	fixed "$now"
	what=("$since..$2")
	[ -n "$(git rev-list -n 1 "$since..$2")" ] || what=("$2")
}

push_of_tag() { # BEFORE AFTER
	local now commit
	now=$(targets_tip)
	need "$now" "$target"
	fixed "$now"
	what=("$2")
	is_zeros "$1" || annotate warning "$ref was moved: it was $1."
	[ "$(git cat-file -t "$2")" = tag ] || annotate warning "$ref is a tag without an object of its own: nobody signed it, and only its commit is judged."
	commit=$(git rev-parse -q --verify "$2^{commit}") || return 0
	is_ancestor "$commit" "$now" || what+=("$now..$commit")
}

# A run that no push caused verifies all since the anchor.
since_anchor() {
	local now
	[ -n "$anchor" ] || die 2 "$GITHUB_EVENT_NAME says of no commit what came before it. The input anchor names the commit from which on $target is verified."
	now=$(targets_tip)
	need "$now" "$target"
	ref=$target
	anchored "$anchor"
	what=("$anchor..$now")
}

# outside is a file that nobody can bring by a push: VALUE INPUT.
outside() {
	local file root
	file=$(realpath -e -- "$1" 2>/dev/null) || file=''
	if [ -z "$file" ] || [[ $1 != /* ]]; then die 2 "The input $2 is no absolute path of a file: '$1'."; fi
	for root in "$PWD" "$(git rev-parse --show-toplevel 2>/dev/null || pwd)" "${GITHUB_WORKSPACE:-$PWD}"; do
		root=$(realpath -e -- "$root") || continue
		case $file in "$root"/*) die 2 "The input $2 names a file of the workspace, which whoever is to be judged may have written: '$1'." ;; esac
	done
	printf '%s' "$file"
}

settings() {
	target=${VERIFY_TARGET:-$(field .repository.default_branch)}
	[ -n "$target" ] || die 2 'The event does not name a default branch. The input target names the branch whose policy counts.'
	target=$(branch "$target")
	policy=${VERIFY_POLICY:-} anchor=${VERIFY_ANCHOR:-} root=${VERIFY_TRUSTED_ROOT:-} paraph=${VERIFY_PARAPH:-}
	[ -z "$policy" ] || [ -z "$anchor" ] || die 2 'Give one of the inputs policy and anchor: each says who judges.'
	[ -z "$root" ] || root=$(outside "$root" trusted-root)
	[[ $paraph != */* ]] || paraph=$(outside "$paraph" paraph)
	[ -z "$paraph" ] || command -v -- "$paraph" >/dev/null || die 2 "The input paraph names no program: '$paraph'."
	if [ -n "$anchor" ]; then
		is_id "$anchor" || die 2 "The input anchor is no whole commit id, but '$anchor'. Names can be moved."
		need "$anchor" "$target"
	fi
	[ -n "$policy" ] || return 0
	if is_id "${policy%%:*}" && [[ $policy = *:* ]]; then need "${policy%%:*}" "$target"; else policy=$(outside "$policy" policy); fi
}

# build installs the paraph that came with this script.
build() {
	command -v go >/dev/null || die 2 'Go is not here to build paraph. Run actions/setup-go before, or name an installed one by the input paraph.'
	(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && GOFLAGS='' GOWORK=off CGO_ENABLED=0 GOBIN=$scratch go install -trimpath -buildvcs=false ./cmd/paraph) >&2 ||
		die 3 'paraph could not be built.'
	paraph=$scratch/paraph
}

judge() {
	local status=0 flags=(verify --no-cache --format "$format")
	[ -z "$root" ] || flags+=(--trusted-root "$root")
	printf 'paraph verify %s\n' "${by[*]} --ref $ref ${what[*]}" >&2
	"$paraph" "${flags[@]}" "${by[@]}" --ref "$ref" "${what[@]}" 2>"$scratch/words" | tee "$scratch/out" || status=${PIPESTATUS[0]}
	cat "$scratch/words" >&2
	case $status in 2 | 3) [ ! -s "$scratch/words" ] || annotate error "$(head -c 2000 "$scratch/words")" ;; esac
	# Of the annotations nothing is wanted here, only the totals at the end.
	summary "$status" "$([ "$format" != github ] || tail -n 1 "$scratch/out" | grep -v '^::')"
	exit "$status"
}

# place goes to the repository, which has to be the one that the event is of: whoever checks
# a fork out as origin would have its policy judge it.
place() {
	local url
	if ! { cd -- "${VERIFY_DIRECTORY:-.}" && git rev-parse --git-dir; } >/dev/null 2>"$scratch/words"; then
		die 2 "No repository is here. Run actions/checkout before."$'\n'"$(cat "$scratch/words")"
	fi
	! git config --get-regexp '^(extensions\.partialclone|remote\..*\.(promisor|partialclonefilter))$' >/dev/null ||
		die 3 'The clone is partial: git leaves out what nobody asked for. Check out without filter and without sparse-checkout.'
	url=$(git remote get-url origin 2>/dev/null) || return 0
	url=${url%/} url=${url%.git}
	case ${url,,} in
	*[/:]"${GITHUB_REPOSITORY,,}") ;;
	http://* | https://* | ssh://* | *@*:*) die 2 "origin is '${url##*@}', and the event is of $GITHUB_REPOSITORY. Check out that one: paraph fetches a pull request's commits itself." ;;
	esac
}

command -v jq >/dev/null || die 2 'jq is not here, with which the event is read.'
GITHUB_EVENT_NAME=${GITHUB_EVENT_NAME:-}
[ "$(jq -r type "${GITHUB_EVENT_PATH:-/dev/null}" 2>/dev/null)" = object ] ||
	die 2 'GITHUB_EVENT_PATH names no event: this runs in a workflow.'
GITHUB_REPOSITORY=${GITHUB_REPOSITORY:-$(field .repository.full_name)}
place
settings
case $GITHUB_EVENT_NAME in
pull_request | pull_request_target) pull_request ;;
merge_group) merge_group ;;
push) push ;;
delete) nothing 'A ref was deleted' ;;
schedule | workflow_dispatch) since_anchor ;;
*) die 2 "The event '$GITHUB_EVENT_NAME' brings nothing that could be verified. Run this on pull_request or pull_request_target, merge_group, push, schedule or workflow_dispatch." ;;
esac
[ -n "$paraph" ] || build
judge
