// A disk in memory for a broker that otherwise runs in the real world, as tests of applications want it: nothing stays.

import type { Disk } from '../disk.ts'
import type { Timers } from '../host.ts'
import { SimulatedDisk } from './disk.ts'
import { SeededRandom } from './random.ts'

export function memoryDisk(timers: Timers): Disk {
  // Without latencies and faults nothing is drawn from the seed.
  return new SimulatedDisk(new SeededRandom(1)).session((_delayMs, run) => timers.endOfTurn(run))
}
