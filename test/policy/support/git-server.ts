// Git over https: git's own server program behind a real TLS server.
import { spawn } from 'node:child_process';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TlsPair } from '../../support/tls.ts';

export interface GitServer extends AsyncDisposable {
  readonly host: string;
  /** Of all answers so far. */
  readonly sentBytes: number;
}

/** Serves every repository below `root`; or answers everything with `status`. */
export async function serveGit(root: string, tls: TlsPair, status?: number): Promise<GitServer> {
  let sentBytes = 0;
  const server = createServer(tls, (request, response) => {
    if (status !== undefined) return void response.writeHead(status).end();
    const url = new URL(request.url ?? '/', 'https://host');
    const child = spawn('git', ['http-backend'], {
      env: {
        PATH: process.env.PATH,
        GIT_PROJECT_ROOT: root,
        GIT_HTTP_EXPORT_ALL: '1',
        REQUEST_METHOD: request.method,
        PATH_INFO: url.pathname,
        QUERY_STRING: url.search.slice(1),
        CONTENT_TYPE: request.headers['content-type'],
        HTTP_CONTENT_ENCODING: request.headers['content-encoding'],
        GIT_PROTOCOL: String(request.headers['git-protocol'] ?? ''),
        GIT_CONFIG_GLOBAL: '/dev/null',
      },
    });
    request.pipe(child.stdin);
    const chunks: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.on('close', () => {
      const answer = Buffer.concat(chunks);
      sentBytes += answer.length;
      const end = answer.indexOf('\r\n\r\n');
      const headers = answer
        .subarray(0, end)
        .toString()
        .split('\r\n')
        .map((line) => line.split(/: (.*)/));
      const found = headers.find(([name]) => name === 'Status')?.[1] ?? '200';
      for (const [name = '', value = ''] of headers) if (name !== 'Status') response.setHeader(name, value);
      response.writeHead(Number.parseInt(found, 10)).end(answer.subarray(end + 4));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    get sentBytes() {
      return sentBytes;
    },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
