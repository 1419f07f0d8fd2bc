// White paper and dark ink: strokes as lists of points, so that each can be taken back.
// Gradio gives `element`, `props` and `trigger`; after each change `props.value` is a PNG's data URL.
const canvas = element.querySelector("canvas"), pen = canvas.getContext("2d");
const undo = element.querySelector(".undo"), clear = element.querySelector(".clear");
const INK = 16; // of 480: as wide as the lines of the icons
let strokes = [], current = null;

function redraw() {
  pen.fillStyle = "#fff"; // without it, clear paper would be transparent
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.strokeStyle = "#000";
  pen.lineWidth = INK;
  pen.lineCap = pen.lineJoin = "round";
  for (const points of strokes) {
    pen.beginPath();
    pen.moveTo(...points[0]);
    points.forEach((point) => pen.lineTo(...point)); // also to the first: a tap is a dot
    pen.stroke();
  }
  undo.disabled = clear.disabled = !strokes.length;
}

function changed() {
  redraw();
  props.value = strokes.length ? canvas.toDataURL("image/png") : "";
  trigger("input");
}

function place(event) {
  const box = canvas.getBoundingClientRect(), scale = canvas.width / box.width;
  return [(event.clientX - box.left) * scale, (event.clientY - box.top) * scale];
}

canvas.addEventListener("pointerdown", (event) => {
  if (!event.isPrimary || event.button) return;
  canvas.setPointerCapture(event.pointerId); // a stroke goes on outside of the paper
  current = [place(event)];
  strokes.push(current);
  redraw();
});
canvas.addEventListener("pointermove", (event) => {
  if (!current || !event.isPrimary) return;
  current.push(place(event));
  redraw();
});
for (const end of ["pointerup", "pointercancel"]) {
  canvas.addEventListener(end, () => {
    if (!current) return;
    current = null;
    changed();
  });
}
undo.addEventListener("click", () => { strokes.pop(); changed(); });
clear.addEventListener("click", () => { strokes = []; changed(); });
redraw();
