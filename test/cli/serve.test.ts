// The command as an operator runs it: built, in a process of its own, on a free port.

import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { milenaCommand } from '../clients/built.ts'

const milena = milenaCommand(join(import.meta.dirname, '..', '..'))
const directory = mkdtempSync(join(tmpdir(), 'milena-cli-'))
t.teardown(() => rmSync(directory, { recursive: true, force: true }))

class Command {
  readonly process: ChildProcess
  readonly ended: Promise<number | null>
  output = ''
  errors = ''

  constructor(...words: string[]) {
    this.process = spawn(process.execPath, [...milena, ...words], { cwd: directory })
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

  // Kafka's own names and no other: it may be started on the directory.
  t.same(
    readdirSync(join(directory, 'data'), { withFileTypes: true })
      .flatMap((one) => (one.isFile() ? [one.name] : []))
      .sort(),
    ['.lock', '.milena-reserve', 'meta.properties'],
  )
  command.process.kill('SIGTERM')
  t.equal(await command.ended, 0)
  t.match(command.output, /\nmilena has stopped\n$/)
})

t.test('a broker stops cleanly whose terminal, and whose readers, have gone', async (t) => {
  const command = new Command('serve', '--listen', '127.0.0.1:0', '--data', 'left')
  await command.ready()
  command.process.stdout?.destroy()
  command.process.stderr?.destroy()
  command.process.kill('SIGHUP')
  t.equal(await command.ended, 0)
  t.ok(readdirSync(join(directory, 'left')).includes('.kafka_cleanshutdown'))
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
  writeFileSync(join(directory, 'file'), '')
  mkdirSync(join(directory, 'taken', '.lock'), { recursive: true })
  const commands: [RegExp, string[]][] = [
    [/^milena: --data: write a directory/, ['--data', '']],
    [/log\.dirs names no directory: write one/, ['log.dirs= ,']],
    [/ file: is a file, .*; choose another directory with --data DIR/, ['--data', 'file']],
    [/ file: is a file, .*; choose another directory with --data DIR/, ['--data', 'file/below']],
    [/ taken\/\.lock: EISDIR: .*; choose another directory with --data DIR/, ['--data', 'taken']],
    [/num\.partitons.*did you mean num\.partitions/, ['num.partitons=3']],
    [/num\.partitions/, ['num.partitions=many']],
    [/no such file/, ['--config', 'absent.properties']],
    [/process\.roles: only broker,controller is supported/, ['process.roles=broker']],
  ]
  await Promise.all(
    commands.map(async ([message, words]) => {
      const given = words.some((word) => /--data|log\.dirs/.test(word)) ? words : ['--data', 'data', ...words]
      const command = new Command('serve', '--listen', '127.0.0.1:0', ...given)
      t.equal(await command.ended, 2)
      t.match(command.errors, message)
      t.match(command.errors, /^milena: [^\n]+\n$/)
    }),
  )
})
