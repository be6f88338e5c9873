// The checks that read the code without running it, as one list for `npm run check` and `npm test`.
import { runTool, type Tool } from './tools.ts';

export interface Check {
  name: string;
  tool: Tool;
  args: string[];
}

export const checks: readonly Check[] = [
  { name: 'types of host, engine and scripts', tool: 'vue-tsc', args: ['--noEmit', '-p', 'tsconfig.node.json'] },
  { name: 'types of the window', tool: 'vue-tsc', args: ['--noEmit', '-p', 'tsconfig.web.json'] },
  { name: 'lint', tool: 'eslint', args: ['.', '--max-warnings', '0'] },
];

/** Runs one check, its findings shown; true when there were none. */
export async function passes(check: Check): Promise<boolean> {
  const { code } = await runTool(check.tool, check.args, { limitSeconds: 240 });
  return code === 0;
}
