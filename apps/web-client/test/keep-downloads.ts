/** Nothing is saved to this machine's disk: what a page hands to the browser's downloads is written down by its name. */
export function keepDownloads(): { readonly names: readonly string[]; readonly letGo: () => void } {
  const names: string[] = [];
  const clickReally = HTMLAnchorElement.prototype.click;
  HTMLAnchorElement.prototype.click = function click() {
    if (this.download) names.push(this.download);
    else clickReally.call(this);
  };
  const letGo = () => {
    HTMLAnchorElement.prototype.click = clickReally;
  };
  return { names, letGo };
}
