import t from 'tap'
import { jsonLogLine, logLine } from '../../host/log-line.ts'

const timeMs = Date.UTC(2026, 10, 23, 4, 30, 0, 123)
const fields = { topic: 'a b', partitions: 3, size: 2n ** 60n, list: [1, 2n], nothing: undefined, level: 'high' }

t.test('a readable line', async (t) => {
  const line = logLine(timeMs, 'warn', 'topic\n deleted', fields)
  const start = '2026-11-23T04:30:00.123Z WARN  topic deleted topic="a b" partitions=3 size=1152921504606846976'
  t.equal(line, `${start} list="[1,\\"2\\"]" level=high`)
})

t.test('a line of JSON, whatever the fields are', async (t) => {
  const line = jsonLogLine(timeMs, 'warn', 'topic\n deleted', { ...fields, error: new Error('x'), rate: Number.NaN })
  t.notMatch(line, '\n')
  t.match(JSON.parse(line), {
    time: '2026-11-23T04:30:00.123Z',
    level: 'warn',
    message: 'topic\n deleted',
    topic: 'a b',
    partitions: 3,
    size: '1152921504606846976',
    list: '[1,"2"]',
    level_: 'high',
    error: /^Error: x\n/,
    rate: 'NaN',
  })
  t.ok(jsonLogLine(timeMs, 'info', 'long', { text: 'x'.repeat(10_000) }).length < 2200)
})
