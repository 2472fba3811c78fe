# Stands in for /lib/functions/procd.sh and procd: one instance per service, defined by files in /tmp/procd/NAME.
# shellcheck shell=dash
# shellcheck disable=SC2154 # name is rc.common's

place=/tmp/procd/$name

procd_open_service() { rm -rf "$place.new" && mkdir -p "$place.new"; }
procd_open_instance() { :; }
procd_set_param() {
	local type=$1
	shift
	printf '%s\n' "$@" >"$place.new/$type"
}
procd_close_instance() { xargs md5sum <"$place.new/file" >"$place.new/sums"; }
procd_add_reload_trigger() { printf '%s\n' "$@" >"$place.new/triggers"; }

procd_running() { kill -0 "$(cat "/tmp/procd/$1/runner" 2>/dev/null)" 2>/dev/null; }

# procd starts what does not run, restarts what has changed, and leaves everything else alone.
procd_close_service() {
	local old new
	old=$(cd "$place" 2>/dev/null && cat command respawn stderr sums 2>/dev/null)
	new=$(cd "$place.new" && cat command respawn stderr sums 2>/dev/null)
	if [ "$old" = "$new" ] && procd_running "$name"; then
		rm -rf "$place.new"
		return
	fi
	procd_kill
	mv "$place.new" "$place"
	/lib/procd-instance "$place" </dev/null >/dev/null 2>&1 &
	echo $! >"$place/runner"
	# procd starts it before it responds.
	until [ -s "$place/started" ]; do sleep 0.02; done
}

procd_kill() {
	local pid tries=0
	pid=$(cat "$place/pid" 2>/dev/null)
	kill "$(cat "$place/runner" 2>/dev/null)" 2>/dev/null
	if [ -n "$pid" ] && kill "$pid" 2>/dev/null; then
		while kill -0 "$pid" 2>/dev/null; do
			tries=$((tries + 1))
			[ $tries -lt 50 ] || kill -9 "$pid"
			sleep 0.1
		done
	fi
	rm -rf "$place"
}
