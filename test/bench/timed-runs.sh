# Runs a command several times and prints how many microseconds each run took: bash -s TIMES COMMAND...
times=$1
shift
while [ $((times--)) -gt 0 ]; do
  start=${EPOCHREALTIME/./}
  "$@" </dev/null >/dev/null || exit
  echo $((${EPOCHREALTIME/./} - start))
done
