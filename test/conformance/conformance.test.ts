// The comparison itself: a harness that finds nothing must have looked.

import t from 'tap'
import { type Api, apis } from '../../protocol/apis.ts'
import { Reader } from '../../protocol/reader.ts'
import { Accepted } from './accepted.ts'
import { casesOf } from './generated/cases.ts'
import { differences, Normaliser } from './normalise.ts'

const plain = (...answers: unknown[]) => {
  const normaliser = new Normaliser('127.0.0.1:9092', '/some/where')
  return answers.map((answer) => normaliser.plain(answer))
}

t.test('an id is named by where it appears first, and keeps its name', async (t) => {
  const one = plain({ memberId: 'a' }, { leader: 'b', memberId: 'a' }, { memberId: '' })
  const two = plain({ memberId: 'x' }, { leader: 'y', memberId: 'x' }, { memberId: '' })
  t.same(one, two)
  const other = plain({ memberId: 'x' }, { leader: 'x', memberId: 'x' }, { memberId: '' })
  t.match(differences(one, other), [{ path: '[1].leader', kafka: '<memberId 2>', ours: '<memberId 1>' }])
})

t.test('structs are compared by their key, not by their place', async (t) => {
  const topics = [
    { name: 'a', errorCode: 0 },
    { name: 'b', errorCode: 3 },
  ]
  t.same(plain({ topics }), plain({ topics: topics.toReversed() }))
  const [kafka] = plain({ topics })
  const [ours] = plain({ topics: topics.slice(1) })
  t.same(differences(kafka, ours), [{ path: '.topics.a', kafka: { name: 'a', errorCode: 0 }, ours: undefined }])
})

t.test("times of today, ports, directories and prose are the broker's own", async (t) => {
  const answer = (at: number, port: number, dir: string, text: string) => ({
    ...{ timestamp: BigInt(at), port, logDir: dir, errorMessage: text },
    value: `PLAINTEXT://127.0.0.1:${port}`,
  })
  const now = Date.now()
  t.same(plain(answer(now, 1, '/x', 'so')), plain(answer(now - 9999, 2, '/y', 'and so')))
  t.not(differences(plain({ timestamp: 1n }), plain({ timestamp: 2n })).length, 0, 'other times are not')
  t.not(
    differences(plain({ errorMessage: null }), plain({ errorMessage: 'so' })).length,
    0,
    'nor whether there is prose',
  )
})

t.test('only what a row names is accepted, and a row that is not needed is told', async (t) => {
  const accepted = new Accepted(
    ['`Api.keys.{1,2}.max`', '`Api.names.*`', '`Old.path`', '`Api.x` `one*`']
      .map((cell) => `| ${cell} | a | b | c |`)
      .join('\n'),
  )
  t.ok(accepted.has('Api.keys.2.max', 'any'))
  t.ok(accepted.has('Api.names.a.b', 'any'))
  t.ok(accepted.has('Api.x', 'one, v3'))
  t.notOk(accepted.has('Api.x', 'two'))
  t.notOk(accepted.has('Api.keys.1.max.more', 'any'))
  t.notOk(accepted.has('Api.keys.3.max', 'any'))
  t.notOk(accepted.has('Apixkeys.1.max', 'any'))
  t.same(accepted.unused(), ['Old.path'])
})

t.test('of every API and version there are requests that are right, and others that are not', async (t) => {
  let count = 0
  for (const api of Object.values<Api>(apis))
    for (let version = api.minVersion; version <= api.maxVersion; version++) {
      const cases = casesOf(api.request, version, () => () => undefined, /^$/)
      count += cases.length
      const labels = cases.map(({ label }) => label)
      if (new Set(labels).size < labels.length) t.fail(`${api.name} v${version}: a label twice`)
      for (const { label, body } of cases) {
        if (label !== 'the least' && label !== 'one of each') continue
        const reader = new Reader(body)
        api.request.decode(reader, version)
        if (reader.remaining > 0) t.fail(`${api.name} v${version}: ${label} is longer than it should be`)
      }
    }
  t.ok(count > 13_000, `${count} requests`)
})
