// What is resident, and live in the heap, after a collection. Preloaded into a broker (load/preload.ts), whose own time
// for collecting, when it has grown by 32 MB and is idle, is not known to a load.

import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { onQuestion } from './watch.ts'

export interface Memory {
  /** Bytes. */
  readonly resident: number
  readonly live: number
}

onQuestion(() => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc')
  // What the first one sets free may hold more (buffers).
  for (let count = 0; count < 2; count++) collect({ type: 'major', execution: 'sync', flavor: 'last-resort' })
  const { rss, heapUsed, external } = process.memoryUsage()
  const memory: Memory = { resident: rss, live: heapUsed + external }
  return JSON.stringify(memory)
})
