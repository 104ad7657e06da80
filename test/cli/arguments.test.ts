// The command line, and the signals.

import { EventEmitter } from 'node:events'
import t from 'tap'
import { parseArguments } from '../../cli/arguments.ts'
import { onStopSignals } from '../../cli/signals.ts'

const serve = (...words: string[]) => parseArguments(['serve', ...words])

t.test('serve takes options and properties in any order', async (t) => {
  t.same(serve(), { name: 'serve', configFile: null, properties: {} })
  t.same(serve('num.partitions=3', '--listen', 'localhost:0', '--data=/d', 'a=b=c', '--config', 'x.properties'), {
    name: 'serve',
    configFile: 'x.properties',
    properties: { 'num.partitions': '3', a: 'b=c', listeners: 'PLAINTEXT://localhost:0', 'log.dirs': '/d' },
  })
})

t.test('an address is a host and a port, or a port', async (t) => {
  const listeners = (value: string) => serve('--listen', value)
  for (const [value, url] of [
    ['9094', 'PLAINTEXT://127.0.0.1:9094'],
    [':9094', 'PLAINTEXT://127.0.0.1:9094'],
    ['[::1]:0', 'PLAINTEXT://[::1]:0'],
    ['0.0.0.0:9092', 'PLAINTEXT://0.0.0.0:9092'],
  ]) {
    t.match(listeners(value!), { properties: { listeners: url } })
  }
  for (const value of ['nine', 'a:b', 'host:99999', '::1:9092', 'host:']) {
    t.throws(() => listeners(value), { name: 'UsageError' }, value)
  }
})

t.test('help and version', async (t) => {
  t.same(parseArguments([]), { name: 'help' })
  t.same(parseArguments(['--help']), { name: 'help' })
  t.same(parseArguments(['help']), { name: 'help' })
  t.same(parseArguments(['serve', '-h']), { name: 'help' })
  t.same(parseArguments(['--version']), { name: 'version' })
})

t.test('mistakes are one line that says what to do', async (t) => {
  for (const words of [['sreve'], ['serve', '--lisen', 'x'], ['serve', 'word'], ['serve', '=x'], ['serve', '--data']]) {
    t.throws(() => parseArguments(words), { name: 'UsageError' })
    t.throws(() => parseArguments(words), { message: /^[^\n]+(milena --help|write key=value)[^\n]*$/ })
  }
})

t.test('the first signal stops, its echo is not heard, a later one quits', async (t) => {
  const source = new EventEmitter()
  const heard: unknown[] = []
  let nowMs = 1000
  onStopSignals(
    source,
    () => nowMs,
    () => heard.push('stop'),
    (exitCode) => heard.push(exitCode),
  )
  source.emit('SIGINT')
  nowMs += 100
  source.emit('SIGINT')
  t.same(heard, ['stop'])
  nowMs += 1000
  source.emit('SIGTERM')
  source.emit('SIGHUP')
  t.same(heard, ['stop', 143, 129])
})
