// Asks a simulated broker's door for operators.

import type { World } from '../harness.ts'

export const HTTP_PORT = 9644

/** Sends the bytes and reads until the broker closes. */
export async function ask(world: World, request: string): Promise<string> {
  const { network } = world.simulation.node('scraper').host
  const connection = await world.simulation.complete(network.connect({ host: 'broker', port: HTTP_PORT }))
  let received = ''
  const closed = new Promise<string>((resolve) => {
    connection.start({
      onBytes: (bytes) => {
        received += new TextDecoder().decode(bytes)
      },
      onDrain: () => {},
      onClose: () => resolve(received),
    })
  })
  connection.write([new TextEncoder().encode(request)])
  return world.simulation.complete(closed)
}

export const get = (world: World, path: string) => ask(world, `GET ${path} HTTP/1.1\r\nHost: broker\r\n\r\n`)
