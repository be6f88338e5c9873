// Chromium cannot be taught a scheme from outside, and it hands unknown ones in its address bar to the system. So a
// document of `studio://app` is shown as `https://app.studio.test`; whoever asks hears the real address. Subresources
// keep their scheme.

const suffix = '.studio.test';

export function toPage(url: string): string {
  const match = /^studio:\/\/([^/?#]+)(.*)$/.exec(url);
  return match === null ? url : `https://${match[1]}${suffix}${match[2]}`;
}

export function toStudio(url: string): string {
  const parsed = URL.parse(url);
  if (parsed === null || parsed.protocol !== 'https:' || !parsed.host.endsWith(suffix)) return url;
  return `studio://${parsed.host.slice(0, -suffix.length)}${parsed.pathname}${parsed.search}${parsed.hash}`;
}
