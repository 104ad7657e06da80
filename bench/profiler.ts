// A CPU profile of the time between two questions. Preloaded into a broker (load/preload.ts).

import { Session } from 'node:inspector/promises'
import { onQuestion } from './watch.ts'

const intervalMicroseconds = 1000

const session = new Session()
session.connect()
let runs = false

onQuestion(async () => {
  runs = !runs
  if (!runs) return JSON.stringify((await session.post('Profiler.stop')).profile)
  await session.post('Profiler.enable')
  await session.post('Profiler.setSamplingInterval', { interval: intervalMicroseconds })
  await session.post('Profiler.start')
  return 'begun'
})
