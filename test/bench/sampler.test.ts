import t from 'tap'
import { cpuSecondsOf, machineCpuSecondsOf, measured, residentSizeOf } from '../../bench/sampler.ts'

t.test('the CPU of a process is that of its threads and of its children that have ended', async (t) => {
  const stat = '4711 (a) name (x) S 1 4711 4711 0 -1 4194560 900 0 7 0 150 50 20 5 20 0 11 0 1000 1 2 3\n'
  t.equal(cpuSecondsOf(stat), 2.25)
})

t.test('waiting for a disk is not being busy', async (t) => {
  t.equal(machineCpuSecondsOf('cpu  100 10 200 5000 3000 1 2 7 0 0\ncpu0 1 1 1 1 1 1 1 1 0 0\n'), 3.2)
})

t.test('memory is in bytes', async (t) => {
  const status = 'Name:\tnode\nVmHWM:\t    2048 kB\nVmRSS:\t    1024 kB\n'
  t.equal(residentSizeOf(status, 'VmRSS'), 1024 * 1024)
  t.equal(residentSizeOf(status, 'VmHWM'), 2048 * 1024)
  t.ok(Number.isNaN(residentSizeOf('', 'VmRSS')))
})

t.test('a load is charged by what it has moved', { skip: process.platform !== 'linux' && 'needs /proc' }, async (t) => {
  const figures = await measured(process.pid, async () => ({ bytes: 1e9, records: 1e6, figures: { 'MB/s': 7 } }))
  t.equal(figures['MB/s'], 7)
  t.equal(figures['CPU s/GB'], figures['CPU µs/record'])
  t.ok((figures['peak MB'] ?? 0) > 10)
})
