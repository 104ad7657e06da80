// What a process has used, from the kernel's own accounting: /proc/PID/stat, status and clear_refs. Linux only.

import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Figures } from './statistics.ts'

/** USER_HZ, which is 100 on every Linux that Node runs on. */
const ticksPerSecond = 100

const gigabyte = 1e9

/** User and system time of the process with all its threads, and of its children that have ended, in seconds. */
export function cpuSeconds(pid: number): number {
  return cpuSecondsOf(readFileSync(`/proc/${pid}/stat`, 'utf8'))
}

/**
 * The same of the threads that live now, summed by their names: Node's are MainThread, V8Worker, libuv-worker. By the
 * scheduler, in ns: in ticks, of which each thread's are rounded down, most of what 64 threads of a pool do is lost.
 */
export function cpuSecondsByThread(pid: number): Figures {
  const seconds: Figures = {}
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    const directory = `/proc/${pid}/task/${thread}`
    const name = readFileSync(`${directory}/comm`, 'utf8').trimEnd()
    const [onProcessor] = readFileSync(`${directory}/schedstat`, 'utf8').split(' ')
    seconds[name] = (seconds[name] ?? 0) + Number(onProcessor) / 1e9
  }
  return seconds
}

/** The name, in brackets, may hold anything; what counts comes after the last bracket. */
export function cpuSecondsOf(stat: string): number {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  // utime, stime, cutime and cstime are fields 14 to 17 of proc(5); the first one here is field 3.
  return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0) / ticksPerSecond
}

/** Seconds that the processors were busy since boot: all of /proc/stat's first line but idle and waiting for disks. */
export function machineCpuSecondsOf(stat: string): number {
  const [user = 0, nice = 0, system = 0, , , ...rest] = stat.split('\n', 1)[0]!.split(/\s+/).slice(1).map(Number)
  const [irq = 0, softIrq = 0, steal = 0] = rest
  return (user + nice + system + irq + softIrq + steal) / ticksPerSecond
}

/** Bytes: what is resident now, or the most since the last resetPeak. */
export function residentSize(pid: number, field: 'VmRSS' | 'VmHWM' = 'VmRSS'): number {
  return residentSizeOf(readFileSync(`/proc/${pid}/status`, 'utf8'), field)
}

export function residentSizeOf(status: string, field: string): number {
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]) * 1024
}

function resetPeak(pid: number): void {
  writeFileSync(`/proc/${pid}/clear_refs`, '5')
}

function ownCpuSeconds(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}

const machineCpuSeconds = () => machineCpuSecondsOf(readFileSync('/proc/stat', 'utf8'))

/** Runs a load and adds what it cost the broker, this process, and what everybody else did meanwhile. */
export async function measured(pid: number, load: () => Promise<Load>): Promise<Figures> {
  resetPeak(pid)
  const before = { broker: cpuSeconds(pid), own: ownCpuSeconds(), machine: machineCpuSeconds(), at: performance.now() }
  const { bytes = 0, records = 0, figures } = await load()
  const broker = cpuSeconds(pid) - before.broker
  const own = ownCpuSeconds() - before.own
  const seconds = (performance.now() - before.at) / 1000
  const result: Figures = { ...figures }
  if (bytes > 0) result['CPU s/GB'] = (broker * gigabyte) / bytes
  if (bytes > 0) result['client CPU s/GB'] = (own * gigabyte) / bytes
  if (records > 0) result['CPU µs/record'] = (broker * 1e6) / records
  result['CPU cores'] = broker / seconds
  result['peak MB'] = residentSize(pid, 'VmHWM') / 1e6
  result['others cores'] = Math.max(0, machineCpuSeconds() - before.machine - broker - own) / seconds
  return result
}

/** What a load has moved, by which its cost is divided, and what it has measured itself. */
export interface Load {
  readonly bytes?: number
  readonly records?: number
  readonly figures: Figures
}

/** Bytes that the files below `dir` have on the disk. */
export async function diskSize(dir: string): Promise<number> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile())
  // One that was there a moment ago may be gone.
  const blocks = ({ parentPath, name }: (typeof files)[number]) =>
    statSync(join(parentPath, name), { throwIfNoEntry: false })?.blocks ?? 0
  return files.reduce((sum, file) => sum + blocks(file) * 512, 0)
}
