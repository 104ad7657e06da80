// What every client suite is written with: commands with a time limit, checks that print `ok` or `not ok`, members of a
// consumer group as processes. A check's failure is an exception that says what was expected and what came; it never
// ends the suite.

import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'

/** Long enough for a JVM on a busy two-core machine; a check that hangs fails instead of holding CI. */
const commandTimeoutMs = 60_000
const waitTimeoutMs = 60_000

export interface Target {
  readonly bootstrap: string
  /** Where its controller listens; undefined where that is not known. */
  readonly controller: string | undefined
  /** The broker's log directory, where the suite runs beside it. */
  readonly dataDir: string | undefined
  /** Stops the broker cleanly, for checks of what it left on the disk. False when it is not ours to stop. */
  stop(): Promise<boolean>
}

export type Suite = (target: Target, report: Report) => Promise<void>

export class Report {
  passed = 0
  failed = 0
  readonly #suite: string

  constructor(suite: string) {
    this.#suite = suite
  }

  async check(name: string, body: () => void | Promise<void>): Promise<boolean> {
    const startedAt = performance.now()
    try {
      await body()
    } catch (error) {
      this.record(name, false, performance.now() - startedAt, error instanceof Error ? error.message : String(error))
      return false
    }
    this.record(name, true, performance.now() - startedAt)
    return true
  }

  record(name: string, passed: boolean, elapsedMs?: number, reason?: string): void {
    if (passed) this.passed++
    else this.failed++
    const seconds = elapsedMs === undefined ? '' : ` (${(elapsedMs / 1000).toFixed(1)} s)`
    process.stdout.write(`${passed ? 'ok' : 'not ok'} - ${this.#suite}: ${name}${seconds}\n`)
    if (reason) process.stdout.write(`${reason.replace(/^/gm, '    ')}\n`)
  }

  /** Counts the `ok - name` and `not ok - name` lines of a suite written in the client's own language. */
  async relay(command: string, args: readonly string[], timeoutMs: number): Promise<void> {
    const child = new Child(command, args)
    let checks = 0
    child.onLine = (line) => {
      const match = /^(not ok|ok) - (.*)$/.exec(line)
      if (match) checks++
      if (match) this.record(match[2]!, match[1] === 'ok')
      else process.stdout.write(`    ${line}\n`)
    }
    const exitCode = await child.exited(timeoutMs)
    if (exitCode !== 0) this.record('runs to its end', false, undefined, `exit code ${exitCode} after ${checks} checks`)
    else if (checks === 0) this.record('runs its checks', false, undefined, 'none was reported')
  }
}

const children = new Set<ChildProcess>()
process.on('exit', () => {
  for (const child of children) child.kill('SIGKILL')
})
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(1))

/** A process and the lines it prints (standard output and error as they come). */
export class Child {
  readonly lines: string[] = []
  onLine: (line: string) => void = () => {}
  readonly #process: ChildProcess
  readonly #exit: Promise<number>
  readonly #command: string

  constructor(command: string, args: readonly string[], options: { cwd?: string; input?: string } = {}) {
    this.#command = `${command.split('/').at(-1)} ${args.join(' ')}`
    const child = spawn(command, args, { cwd: options.cwd, stdio: ['pipe', 'pipe', 'pipe'] })
    this.#process = child
    children.add(child)
    for (const stream of [child.stdout, child.stderr]) {
      let rest = ''
      stream.setEncoding('utf8').on('data', (text: string) => {
        const parts = (rest + text).split('\n')
        rest = parts.pop() ?? ''
        for (const line of parts) this.#take(line)
      })
      stream.on('end', () => rest && this.#take(rest))
    }
    child.stdin.on('error', () => {}) // a command may end before it has read its input: its exit code tells
    child.stdin.end(options.input ?? '')
    this.#exit = new Promise((resolve) => {
      child.on('error', (error) => {
        this.#take(error.message)
        children.delete(child)
        resolve(127)
      })
      child.on('close', (code) => {
        children.delete(child)
        resolve(code ?? 128)
      })
    })
  }

  get pid(): number | undefined {
    return this.#process.pid
  }

  get running(): boolean {
    return this.#process.exitCode === null && this.#process.signalCode === null
  }

  #take(line: string): void {
    this.lines.push(line)
    this.onLine(line)
  }

  kill(signal: NodeJS.Signals): void {
    this.#process.kill(signal)
  }

  /** The exit code; a process that is still there after the limit is killed, which is an error. */
  async exited(limitMs = commandTimeoutMs): Promise<number> {
    let timer: NodeJS.Timeout | undefined
    const timeout = new Promise<undefined>((resolve) => {
      timer = setTimeout(resolve, limitMs, undefined)
    })
    const code = await Promise.race([this.#exit, timeout])
    clearTimeout(timer)
    if (code !== undefined) return code
    this.kill('SIGKILL')
    await this.#exit
    throw new Error(`${this.#command}: still running after ${limitMs / 1000} s\n${tail(this.lines)}`)
  }
}

export interface RunOptions {
  readonly input?: string
  readonly cwd?: string
  readonly timeoutMs?: number
  /** Default 0. */
  readonly exitCode?: number
}

/** Runs a command to its end and returns what it printed; another exit code than the expected one is an error. */
export async function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  const child = new Child(command, args, options)
  const code = await child.exited(options.timeoutMs)
  if (code !== (options.exitCode ?? 0))
    throw new Error(`${command.split('/').at(-1)} ${args.join(' ')}: exit code ${code}\n${tail(child.lines)}`)
  return child.lines.join('\n')
}

function tail(lines: readonly string[]): string {
  return lines.slice(-15).join('\n')
}

export function expect(text: string, ...patterns: readonly RegExp[]): void {
  for (const pattern of patterns)
    if (!pattern.test(text)) throw new Error(`expected ${pattern} in:\n${tail(text.split('\n'))}`)
}

/** No line may match; says only those that do. */
export function refuse(text: string, ...patterns: readonly RegExp[]): void {
  const wrong = text.split('\n').filter((line) => patterns.some((pattern) => pattern.test(line)))
  if (wrong.length > 0) throw new Error(`${wrong.length} lines must not be there:\n${tail(wrong)}`)
}

export async function until(what: string, holds: () => boolean, limitMs = waitTimeoutMs): Promise<void> {
  const end = performance.now() + limitMs
  while (!holds()) {
    if (performance.now() > end) throw new Error(`${what}: not within ${limitMs / 1000} s`)
    await sleep(50)
  }
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

/** The lines of both, whatever their order: what a consumer read against what was produced. */
export function sameLines(actual: readonly string[], expected: readonly string[]): void {
  assert.deepEqual(actual.toSorted(), expected.toSorted())
}

/** A member of a consumer group: a process that prints what it is assigned and what it reads. */
export interface Member {
  readonly child: Child
  /** Partitions assigned now. */
  assigned(): readonly number[]
  /** `partition:offset` of each record read so far. */
  read(): readonly string[]
}

export interface Group {
  readonly partitions: number
  start(): Member
  /** Appends that many records to the group's topic, over all its partitions. */
  produce(count: number): Promise<void>
}

/**
 * Two members, a third that joins, then one killed without a word: after each change the partitions are spread over the
 * members that live, none twice, and every record produced meanwhile is read.
 */
export async function checkGroup(report: Report, name: string, group: Group): Promise<void> {
  const members = [group.start(), group.start()]
  const living = () => members.filter((member) => member.child.running)
  const spread = () => living().flatMap((member) => member.assigned())
  const balanced = () => {
    const partitions = spread()
    const sizes = living().map((member) => member.assigned().length)
    const even = Math.max(...sizes) - Math.min(...sizes) <= 1
    return even && partitions.length === group.partitions && new Set(partitions).size === group.partitions
  }
  let produced = 0
  const produce = (count: number) => {
    produced += count
    return group.produce(count)
  }
  const settle = async (count: number) => {
    const shares = () => living().map((member) => `[${member.assigned()}]`)
    await until(`${count} members share ${group.partitions} partitions`, () => balanced()).catch((error: Error) => {
      throw new Error(`${error.message}; assigned: ${shares().join(' ')}\n${tail(members.at(-1)!.child.lines)}`)
    })
    assert.equal(living().length, count, 'members that run')
    const read = () => new Set(members.flatMap((member) => member.read())).size
    await until(`all ${produced} records are read`, () => read() >= produced).catch((error: Error) => {
      throw new Error(`${error.message}, but ${read()}`)
    })
    assert.equal(read(), produced, 'distinct records read')
  }
  try {
    await report.check(`${name}: two members share the partitions`, async () => {
      await produce(200)
      await settle(2)
    })
    await report.check(`${name}: a third joins`, async () => {
      members.push(group.start())
      await produce(200)
      await settle(3)
    })
    await report.check(`${name}: one is killed`, async () => {
      members[0]!.child.kill('SIGKILL')
      await members[0]!.child.exited()
      await produce(200)
      await settle(2)
    })
    await report.check(`${name}: the others leave`, async () => {
      for (const member of living()) member.child.kill('SIGTERM')
      await Promise.all(members.map((member) => member.child.exited()))
    })
  } finally {
    for (const member of living()) member.child.kill('SIGKILL')
  }
}
