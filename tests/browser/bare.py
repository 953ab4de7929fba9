"""The live figures on a bare page, from the files of helpers/widgets as they are: no notebook and no site is needed.

This machine hands out the modules, their words, the shipped network, the digits and images to try. In the page,
`show(figure, settings)` adds a figure, with the settings of `plain` where none are given, and resolves to what takes it
away again.
"""

from tests.browser import site

PAGE = """<!doctype html><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<link rel="stylesheet" href="/helpers/widgets/js/live.css"><body data-theme="light" style="margin: 16px">
<script type="module">
const get = async (path) => (await fetch(path)).json();
const [labels, plan, hands, images] = await Promise.all([
  "/helpers/widgets/labels.json", "/helpers/assets/live_network/plan.json", "/helpers/assets/strokes.json",
  "/site/images.json",
].map(get));
const digits = Array.from({ length: 10 }, (_, digit) => Object.values(hands).map((hand) => hand[digit]));
window.network = (plan) => ({ network: { ...plan, digits }, instead: false });
window.plain = {
  convolution: { images, kernel: "vertical edges", size: 3, stride: 1, padding: "valid", dilation: 1 },
  color: {},
  receptive_field: {},
  batchnorm: {},
  network: network(plan),
};
window.show = async (name, settings = plain[name]) => {
  const { default: figure } = await import(`/helpers/widgets/js/${name}.js`);
  const values = { settings, labels: { ...labels.shared, ...labels[name] } };
  const el = document.body.appendChild(document.createElement("div"));
  return figure.render({ model: { get: (key) => values[key] }, el });
};
window.ready = true;
</script>"""


class Files(site.Quiet):
    """The course's folder, and PAGE as its first page."""

    def do_GET(self):
        if self.path != "/":
            super().do_GET()
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write(PAGE.encode())


def served():
    """The bare page's address on this machine, while it is served."""
    return site.served(site.ROOT, Files)
