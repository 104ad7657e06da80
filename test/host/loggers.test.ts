// Loggers by name: who inherits from whom, what is dropped, how far the writer is opened.

import t from 'tap'
import { Loggers } from '../../host/loggers.ts'
import { realHost } from '../../host/real/host.ts'

function make(...names: string[]) {
  const lines: string[] = []
  const writer = realHost({ logLevel: 'info', writeLog: (line) => lines.push(line.slice(25)) }).logger
  return { lines, writer, loggers: new Loggers(writer, names) }
}

const levels = (loggers: Loggers) => Object.fromEntries([...loggers].map(({ name, level }) => [name, level]))

t.test('a logger has the level of the nearest above it that has one', async (t) => {
  const { loggers } = make('a', 'a.b.c', 'ab')
  t.same(levels(loggers), { root: 'info', a: 'info', 'a.b.c': 'info', ab: 'info' })
  loggers.set('a', 'trace')
  t.same(levels(loggers), { root: 'info', a: 'trace', 'a.b.c': 'trace', ab: 'info' })
  loggers.set('a.b.c', 'error')
  loggers.set('root', 'warn')
  t.same(levels(loggers), { root: 'warn', a: 'trace', 'a.b.c': 'error', ab: 'warn' })
  loggers.set('a', null)
  t.same(levels(loggers), { root: 'warn', a: 'warn', 'a.b.c': 'error', ab: 'warn' })
  loggers.set('a.b.c', null)
  loggers.set('root', null)
  t.same(levels(loggers), { root: 'warn', a: 'warn', 'a.b.c': 'warn', ab: 'warn' }, 'root keeps its own')
  t.throws(() => loggers.named('b'), /there is no logger b/)
})

t.test('a change of level takes effect on the next line, which has the name of its logger', async (t) => {
  const { loggers, lines } = make('a', 'b')
  const [a, b] = [loggers.named('a'), loggers.named('b')]
  const all = () => {
    for (const logger of [a, b]) for (const level of ['debug', 'info', 'warn', 'error'] as const) logger[level](level)
    return lines.splice(0).map((line) => line.trim().replace(/ +/g, ' '))
  }
  const of = (name: string, ...levels: string[]) =>
    levels.map((level) => `${level.toUpperCase()} ${level} logger=${name}`)
  t.same(all(), [...of('a', 'info', 'warn', 'error'), ...of('b', 'info', 'warn', 'error')])
  loggers.set('a', 'debug')
  loggers.set('root', 'error')
  t.same(all(), [...of('a', 'debug', 'info', 'warn', 'error'), ...of('b', 'error')])
  t.ok(a.isDebug)
  loggers.set('a', 'fatal')
  loggers.set('root', 'trace')
  t.same(all(), of('b', 'debug', 'info', 'warn', 'error'))
  t.notOk(a.isDebug)
})

t.test('the writer is opened for the finest, and in the end left as it was', async (t) => {
  const { loggers, writer } = make('a')
  loggers.set('a', 'debug')
  t.equal(writer.level, 'debug')
  loggers.set('a', null)
  loggers.close()
  t.equal(writer.level, 'info')
})
