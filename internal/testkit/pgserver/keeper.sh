# Runs postgres ($1) in folder $2 for as long as standard input stays open, then
# stops it and removes the folder. Started by pgserver.go, which holds the other
# end of standard input and never writes to it.
"$1" -D "$2/data" -k "$2" \
	-c listen_addresses= \
	-c unix_socket_permissions=0700 \
	-c max_connections=300 \
	-c shared_buffers=64MB \
	-c fsync=off \
	-c full_page_writes=off \
	-c timezone=UTC \
	-c log_timezone=UTC \
	</dev/null >"$2/log" 2>&1 &
server=$!

# Interrupt means fast shutdown: connections are cut, not waited for. The shell
# gives background jobs no standard input unless told to, hence descriptor 3.
exec 3<&0
{
	cat
	: >"$2/stopped"
	kill -INT "$server"
} <&3 >/dev/null 2>&1 &
watch=$!
exec </dev/null 3<&-

wait "$server"
if [ -e "$2/stopped" ]; then
	cd / && rm -rf "$2"
else # it ended by itself: the log says why, and the folder is left to who started us
	kill "$watch" 2>/dev/null
fi
