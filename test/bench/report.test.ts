import t from 'tap'
import { type Check, matches, type Run, verdicts } from '../../bench/goals.ts'
import { page, picture } from '../../bench/report.ts'
import { stackedBars } from '../../bench/svg.ts'
import { format, markdown } from '../../bench/table.ts'

const name = 'raw-produce/1024/acks1/p1/none/b16k'
const runs: Run[] = [
  { name, kind: 'kafka', round: 1, figures: { 'MB/s': 100, 'CPU s/GB': 5 } },
  { name, kind: 'milena', round: 1, figures: { 'MB/s': 350, 'CPU s/GB': 2 } },
  { name, kind: 'kafka', round: 2, figures: { 'MB/s': 110, 'CPU s/GB': 5 } },
  { name, kind: 'milena', round: 2, error: 'Error: the broker has closed a connection' },
]
const check: Check = { cases: 'raw-produce/*', figure: 'MB/s', sense: '≥', bound: 3, of: 'ratio' }

t.test('a goal is judged by the ratio of the medians', async (t) => {
  const [verdict] = verdicts(check, runs)
  t.match(verdict, { name, kafka: 105, milena: 350, met: true })
  t.ok(verdicts({ ...check, bound: 4 }, runs)[0]?.met === false)
  t.match(verdicts({ ...check, of: 'Milena', bound: 300 }, runs)[0], { met: true })
  t.same(verdicts({ ...check, cases: 'lat/*' }, runs), [])
  t.same(verdicts({ ...check, figure: 'idle MB' }, runs), [])
})

t.test('a star stands for anything, and nothing else does', async (t) => {
  t.ok(matches('lat/1000/1024/acks1/p1', 'lat/*'))
  t.ok(matches('lat/1000/1024/acks1/p1', '*/1024/*/p1'))
  t.notOk(matches('lat/1000/1024/acks1/p12', '*/p1'))
  t.notOk(matches('a-b', 'a.b'))
})

t.test('a page shows what is met, what is not, and what went wrong', async (t) => {
  const machine = {
    date: '2026-11-23T08:00:00Z',
    processor: '2 × X',
    memoryGiB: 24,
    kernel: '6',
    node: 'v24',
    milena: '1',
  }
  const comparison = { machine: { ...machine, kafka: '4.4.0' }, runs }
  const text = page(comparison, 'picture.svg')
  t.match(text, /MB\/s \| +105 \| +350 \| +3\.33 \| +≥ 3 \| +✓ \| 9\.52 % \|/)
  t.match(text, /CPU s\/GB \| +5 \| +2 \| +0\.400 \| +≤ 0\.2 \| +✗ \|/)
  t.match(text, /Medians of 2 alternating rounds/)
  t.match(text, /16 KiB batches \| +MB\/s \| +3\.33 \| +≥ 3 \| 1 of 1 \|/)
  t.match(text, /- raw-produce.*, milena, round 2: Error: the broker/)
  t.match(picture(comparison), /^<svg .*raw-produce\/1024.*<\/svg>\n$/s)
})

t.test('in short, a goal has its best and its worst case', async (t) => {
  const other = runs.map((run) => ({ ...run, name: name.replace('p1', 'p12') }))
  const slower = other.map((run) => (run.kind === 'milena' ? run : { ...run, figures: { 'MB/s': 200 } }))
  const third = { ...runs[0]!, round: 3 }
  const machine = { date: '', processor: '', memoryGiB: 1, kernel: '', node: '', milena: '', kafka: '' }
  const text = page({ machine, runs: [...runs, third, ...slower] }, 'picture.svg')
  t.match(text, /Medians of 2 to 3 alternating rounds/)
  t.match(text, /MB\/s \| +3\.50 … 1\.75 \| +≥ 3 \| 1 of 2 \|/)
})

t.test('figures are short, and whole where they are whole', async (t) => {
  t.same([0, 7, 0.1234, 3.1234, 31.4159, 1234.5, Number.NaN].map(format), [
    '0',
    '7',
    '0.123',
    '3.12',
    '31.4',
    '1,235',
    '–',
  ])
})

t.test('a table lines up', async (t) => {
  t.equal(
    markdown({
      title: 'T',
      columns: ['name', 'value'],
      rows: [
        ['a', 1],
        ['bcdef', 2.5],
      ],
    }),
    '### T\n\n| name  | value |\n|-------|------:|\n| a     |     1 |\n| bcdef |  2.50 |\n',
  )
})

t.test('text in a picture is escaped', async (t) => {
  t.match(stackedBars('a < b', 's', [{ label: 'x & y', parts: { one: 1, two: 2 } }]), /a &lt; b.*x &amp; y.*3\.00 s/s)
})
