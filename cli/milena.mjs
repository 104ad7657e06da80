#!/usr/bin/env node
// Where the process begins, and all that is asked of V8. Plain JavaScript, for what is run from source: to strip the
// types of a single file Node loads its whole TypeScript compiler (15 MB that stay, 50 ms); every other file comes out
// of the compile cache, which keeps it stripped and compiled. Where the cache is cold or cannot be written, the start
// takes longer, and nothing is said. `npm start` and the package run what build.mjs makes of it.
//
//   begin    nothing is optimised while modules load: the one thing that gets hot is Node's module loader, and for its
//            sake the optimising compilers would be paged in (7 MB that stay). One thread collects, also later: with
//            helpers each step lasts until the last of them has had its turn of a busy processor. Of 5,000 records a
//            second the slowest thousandth waited 13 ms with them, and waits 6 without; while ten thousand connect, 48
//            collections of the young generation take 150 and 247 ms in all, 163 and 390 with them
//   settle   a second after the broker is up: the cache is written if it was cold, before the flags change, since it is
//            good for the flags it was made under; V8 optimises
//   collect  after the first second in which little was asked of the broker: what loading left behind is collected,
//            which also shrinks the young generation (8 MB). Again after such a second when the heap has grown since:
//            V8 keeps what a load has made it take (270 MB resident, 120 after). It takes 40 ms, in which nobody is
//            answered; under load V8 collects by itself, in steps
//   grow     from then on: after such a collection V8 would collect again with each 2 MB, nine times in the next three
//            seconds of load, and the code that no collection found in use would be compiled anew
//
// The flags are those of Node 24. Node 22 has other defaults (Maglev is off) and keeps them.

import module from 'node:module'
import { getHeapStatistics, setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

const SETTLE_AFTER_MS = 1_000
const GROWN_BY = 32 * 1024 * 1024
/** Of a second. */
const MAX_IDLE_UTILIZATION = 0.05
/** Not --no-parallel-marking: V8 ends the process over that one when it is set while it runs. */
const ONE_THREAD_COLLECTS = [
  '--no-parallel-scavenge',
  '--no-concurrent-marking',
  '--no-concurrent-sweeping',
  '--no-parallel-compaction',
  '--no-parallel-pointer-update',
]
/** To three times of what lived at the last collection, garbage included. */
const ROOM_TO_GROW = ['--heap-growing-percent=200', '--no-flush-bytecode']
const nodeVersion = Number.parseInt(process.versions.node, 10)
const COMPILERS = nodeVersion >= 24 ? ['opt', 'maglev'] : []

/** What was switched off on the command line stays off. */
const paused = COMPILERS.filter((compiler) => !process.execArgv.includes(`--no-${compiler}`))

function begin() {
  for (const compiler of paused) setFlagsFromString(`--no-${compiler}`)
  for (const flag of ONE_THREAD_COLLECTS) setFlagsFromString(flag)
  module.enableCompileCache()
  // Before the pool is first used. Threads that wait for the device cost little (0.4 MB), and the more logs are
  // synced at once, the less each sync costs: docs/decisions/group-commit.md.
  process.env.UV_THREADPOOL_SIZE ??= '64'
}

function settle() {
  module.flushCompileCache()
  for (const compiler of paused) setFlagsFromString(`--${compiler}`)
  collectWhenIdle()
}

function collectWhenIdle(collectFrom = 0) {
  const before = performance.eventLoopUtilization()
  const look = () => {
    const isIdle = performance.eventLoopUtilization(before).utilization < MAX_IDLE_UTILIZATION
    if (!isIdle || heapSize() < collectFrom) return collectWhenIdle(collectFrom)
    collect()
    for (const flag of ROOM_TO_GROW) setFlagsFromString(flag)
    collectWhenIdle(heapSize() + GROWN_BY)
  }
  setTimeout(look, SETTLE_AFTER_MS).unref()
}

const heapSize = () => getHeapStatistics().total_heap_size

function collect() {
  setFlagsFromString('--expose-gc')
  runInNewContext('gc')({ type: 'major', execution: 'sync', flavor: 'last-resort' })
  setFlagsFromString('--no-expose-gc')
}

// As `engines` of package.json says. Named imports of what Node lacks would end in a SyntaxError.
if (module.enableCompileCache === undefined) {
  process.stderr.write(`milena: Node 22.18 or later is needed, this is ${process.version}\n`)
  process.exit(2)
}
begin()
const { run } = await import('./command.ts')
process.exitCode = await run(process.argv.slice(2), () => setTimeout(settle, SETTLE_AFTER_MS).unref())
