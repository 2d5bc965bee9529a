# Starts one PostgreSQL cluster, says `ready`, and takes it away when whoever started it is gone (its end of the pipe closes).
# Arguments: directory of the server's programs, an empty directory, a port, `primary`, `standby` or `tls`.
set -eu
bin=$1 dir=$2 port=$3 kind=$4
as_owner() { if [ "$(id -u)" = 0 ]; then su postgres -s /bin/bash -c "$1"; else bash -c "$1"; fi; }
stop() {
    as_owner "'$bin/pg_ctl' -D '$dir/data' -m immediate -w stop" >&2 || true
    rm -rf "$dir"
}
trap stop EXIT
echo supersecret >"$dir/password"
if [ "$(id -u)" = 0 ]; then chown -R postgres "$dir"; fi
as_owner "'$bin/initdb' -D '$dir/data' -U postgres -A scram-sha-256 --pwfile='$dir/password' --locale=C -E UTF8 --no-sync" >&2
cat >>"$dir/data/postgresql.conf" <<CONF
port = $port
listen_addresses = '127.0.0.1'
unix_socket_directories = '$dir'
fsync = off
max_connections = 200
log_statement = 'all'
log_min_duration_statement = 0
log_connections = on
log_min_messages = debug1
CONF
if [ "$kind" = tls ]; then
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost \
        -addext subjectAltName=IP:127.0.0.1 -addext basicConstraints=critical,CA:FALSE \
        -keyout "$dir/data/server.key" -out "$dir/data/server.crt" >&2
    chmod 600 "$dir/data/server.key"
    if [ "$(id -u)" = 0 ]; then chown postgres "$dir/data/server.key" "$dir/data/server.crt"; fi
    echo 'ssl = on' >>"$dir/data/postgresql.conf"
fi
if [ "$kind" = standby ]; then as_owner "touch '$dir/data/standby.signal'"; fi
as_owner "'$bin/pg_ctl' -D '$dir/data' -l '$dir/log' -w start" >&2
echo ready
cat >/dev/null
