// The command as an operator runs it: a process of its own, on a free port.

import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'

const script = fileURLToPath(new URL('../../cli/milena.ts', import.meta.url))
const directory = mkdtempSync(join(tmpdir(), 'milena-cli-'))
t.teardown(() => rmSync(directory, { recursive: true, force: true }))

class Command {
  readonly process: ChildProcess
  readonly ended: Promise<number | null>
  output = ''
  errors = ''

  constructor(...words: string[]) {
    this.process = spawn(process.execPath, ['--conditions=milena-source', script, ...words], { cwd: directory })
    this.process.stdout?.on('data', (text) => {
      this.output += text
    })
    this.process.stderr?.on('data', (text) => {
      this.errors += text
    })
    this.ended = new Promise((resolve) => {
      this.process.on('close', resolve)
    })
  }

  /** The ready line; an error with all output when the command ends before. */
  ready(): Promise<string> {
    return new Promise((resolve, reject) => {
      const check = () => {
        if (this.output.includes('\n')) resolve(this.output.split('\n')[0]!)
      }
      this.process.stdout?.on('data', check)
      void this.ended.then((code) => reject(new Error(`ended with ${code}: ${this.output}${this.errors}`)))
      check()
    })
  }
}

function portOf(readyLine: string): number {
  return Number(/ serves \S+:(\d+) /.exec(readyLine)?.[1])
}

t.test('one line says what is served where; a signal ends it cleanly', async (t) => {
  const command = new Command('serve', '--listen', '127.0.0.1:0', '--data', 'data')
  const line = await command.ready()
  t.match(
    line,
    /^milena \d+\.\d+\.\d+ serves 127\.0\.0\.1:\d+ \(PLAINTEXT\), data in \.\/data, cluster \S{22}, ready in \d+ ms$/,
  )
  await new Promise<void>((resolve, reject) => {
    const socket = connect(portOf(line), '127.0.0.1', () => resolve(socket.destroy() && undefined)).on('error', reject)
  })

  const second = new Command('serve', '--listen', '127.0.0.1:0', '--data', 'data')
  t.equal(await second.ended, 2)
  t.match(second.errors, /^milena: \S*\.lock: locked by another process.*\n$/)

  const third = new Command('serve', '--listen', `127.0.0.1:${portOf(line)}`, '--data', 'other')
  t.equal(await third.ended, 2)
  t.match(third.errors, /^milena: .*EADDRINUSE.*--listen HOST:PORT\n$/)

  command.process.kill('SIGTERM')
  t.equal(await command.ended, 0)
  t.match(command.output, /\nmilena has stopped\n$/)
})

t.test('properties come from a file and from the command line, which goes first', async (t) => {
  writeFileSync(
    join(directory, 'server.properties'),
    'listeners=PLAINTEXT://127.0.0.1:1\nlog.dirs=fromfile\nssl.protocol=TLSv1.2\n',
  )
  const command = new Command('serve', '--config', 'server.properties', '--listen', '127.0.0.1:0', 'num.partitions=3')
  t.match(await command.ready(), /data in \.\/fromfile/)
  t.match(command.errors, /WARN .*ssl\.protocol/, 'what has no effect is named')
  command.process.kill('SIGINT')
  t.equal(await command.ended, 0)
})

t.test('mistakes are one line, and exit code 2', async (t) => {
  const commands: [RegExp, string[]][] = [
    [/num\.partitons.*did you mean num\.partitions/, ['num.partitons=3']],
    [/num\.partitions/, ['num.partitions=many']],
    [/no such file/, ['--config', 'absent.properties']],
  ]
  await Promise.all(
    commands.map(async ([message, words]) => {
      const command = new Command('serve', '--listen', '127.0.0.1:0', '--data', 'data', ...words)
      t.equal(await command.ended, 2)
      t.match(command.errors, message)
      t.match(command.errors, /^milena: [^\n]+\n$/)
    }),
  )
})
