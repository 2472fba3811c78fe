# Stands in for /lib/functions.sh: the parts that nicup's scripts and the package's own scripts use.
# shellcheck shell=dash
# shellcheck disable=SC2034,SC2154,SC2013 # read and set by name; paths without blanks

# The lines of a UCI file are shell commands.
config() {
	CONFIG_SECTION=${2:-cfg$((${#CONFIG_SECTIONS} + 1))}
	CONFIG_SECTIONS="$CONFIG_SECTIONS $CONFIG_SECTION"
	eval "CONFIG_${CONFIG_SECTION}_TYPE=\$1"
}

option() {
	eval "CONFIG_${CONFIG_SECTION}_$1=\$2"
}

list() {
	eval "CONFIG_${CONFIG_SECTION}_$1=\"\$CONFIG_${CONFIG_SECTION}_$1 \$2\""
}

config_load() {
	CONFIG_SECTIONS=
	# shellcheck source=/dev/null
	. "/etc/config/$1"
}

config_get() {
	eval "$1=\${CONFIG_${2}_$3:-\$4}"
}

config_get_bool() {
	config_get "$@"
	eval "case \$$1 in 1 | on | true | yes | enabled) $1=1 ;; 0 | off | false | no | disabled) $1=0 ;; *) $1=\$4 ;; esac"
}

config_foreach() {
	for section in $CONFIG_SECTIONS; do
		eval "type=\$CONFIG_${section}_TYPE"
		[ "$type" != "$2" ] || "$1" "$section"
	done
}

# opkg runs this after it has installed the files: $1 is /usr/lib/opkg/info/NAME.postinst.
default_postinst() {
	name=${1##*/}
	list=/usr/lib/opkg/info/${name%.*}.list
	for file in $(grep '^/etc/uci-defaults/' "$list"); do
		# shellcheck source=/dev/null
		(. "$file") && rm -f "$file"
	done
	for file in $(grep '^/etc/init.d/' "$list"); do
		"$file" enable
		"$file" start
	done
}

default_prerm() {
	name=${1##*/}
	for file in $(grep '^/etc/init.d/' "/usr/lib/opkg/info/${name%.*}.list"); do
		"$file" disable
		"$file" stop
	done
}
