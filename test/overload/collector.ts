// Loaded into a broker before itself: at SIGUSR2 it collects all garbage, and tells what is left on the heap.

const collect: unknown = Reflect.get(globalThis, 'gc')
if (typeof collect !== 'function') throw new Error('started without --expose-gc')

process.on('SIGUSR2', () => {
  collect()
  process.stderr.write(`heap ${process.memoryUsage().heapUsed}\n`)
})
