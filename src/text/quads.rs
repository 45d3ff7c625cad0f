//! Geometry of the rectangles round text lines: rectangles round points, containment, overlap, padding, merging.
#![expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "lengths within a picture, whose sides are checked to be below 2^20"
)]

use crate::geometry::{Point, Quad};

use super::detector::Detection;

/// A direction as a unit vector; `(1.0, 0.0)` is to the right.
pub(crate) type Direction = (f32, f32);

/// Grows a rectangle on all sides for masking: by one pixel and a tenth of its short side.
///
/// The detector finds whole lines but clips their ends and descenders: about half of the lines that are not covered
/// to 95 % are covered to 50 %. A tenth of the height is what those lack; the pixel is for the smallest text, where
/// a tenth is less than the blur of its edges.
#[must_use]
pub fn pad(quad: &Quad) -> Quad {
    let (along, down) = sides(quad);
    grow(quad, 1.0 + 0.1 * along.min(down))
}

/// Moves each side of a rectangle outward by `distance`.
pub(crate) fn grow(quad: &Quad, distance: f32) -> Quad {
    let (u, v) = axes(quad);
    let shift = |p: Point, su: f32, sv: f32| {
        Point::new(p.x + distance * (su * u.0 + sv * v.0), p.y + distance * (su * u.1 + sv * v.1))
    };
    let [a, b, c, d] = quad.0;
    Quad([shift(a, -1.0, -1.0), shift(b, 1.0, -1.0), shift(c, 1.0, 1.0), shift(d, -1.0, 1.0)])
}

/// Returns the lengths of the first side (along an upright line) and of the second (down).
pub(crate) fn sides(quad: &Quad) -> (f32, f32) {
    let length = |a: Point, b: Point| (b.x - a.x).hypot(b.y - a.y);
    (length(quad.0[0], quad.0[1]), length(quad.0[0], quad.0[3]))
}

/// Returns the length of the shorter side.
pub(crate) fn short_side(quad: &Quad) -> f32 {
    let (along, down) = sides(quad);
    along.min(down)
}

/// Returns unit vectors along the first side and down.
fn axes(quad: &Quad) -> (Direction, Direction) {
    let (dx, dy) = (quad.0[1].x - quad.0[0].x, quad.0[1].y - quad.0[0].y);
    let length = dx.hypot(dy);
    let u = if length > 0.0 { (dx / length, dy / length) } else { (1.0, 0.0) };
    (u, (-u.1, u.0))
}

/// Returns the smallest of the rectangles round `points` that lie along one of `directions`.
///
/// Its corners are clockwise, and its first side is the one nearest to pointing right: the first corner is the top
/// left of upright text. Whether a line that runs up or down starts at its upper or lower end cannot be told here.
pub(crate) fn smallest_rectangle(points: &[Point], directions: impl Iterator<Item = Direction>) -> Option<Quad> {
    let mut best: Option<(f32, Quad)> = None;
    for direction in directions {
        let (area, quad) = rectangle_along(points, direction);
        if area.is_finite() && best.is_none_or(|(least, _)| area < least) {
            best = Some((area, quad));
        }
    }
    best.map(|(_, quad)| quad)
}

fn rectangle_along(points: &[Point], direction: Direction) -> (f32, Quad) {
    // Turn by quarters until the direction points to the right.
    let (x, y) = direction;
    let u = if x.abs() >= y.abs() { (x * x.signum(), y * x.signum()) } else { (y * y.signum(), -x * y.signum()) };
    let v = (-u.1, u.0);
    let (mut u0, mut u1, mut v0, mut v1) = (f32::INFINITY, f32::NEG_INFINITY, f32::INFINITY, f32::NEG_INFINITY);
    for p in points {
        let (pu, pv) = (p.x * u.0 + p.y * u.1, p.x * v.0 + p.y * v.1);
        (u0, u1, v0, v1) = (u0.min(pu), u1.max(pu), v0.min(pv), v1.max(pv));
    }
    let corner = |cu: f32, cv: f32| Point::new(cu * u.0 + cv * v.0, cu * u.1 + cv * v.1);
    ((u1 - u0) * (v1 - v0), Quad([corner(u0, v0), corner(u1, v0), corner(u1, v1), corner(u0, v1)]))
}

/// Returns the area of a convex polygon whose corners are clockwise.
pub(crate) fn area(corners: &[Point]) -> f32 {
    let next = corners.iter().cycle().skip(1);
    let twice: f32 = corners.iter().zip(next).map(|(a, b)| a.x * b.y - b.x * a.y).sum();
    (twice / 2.0).max(0.0)
}

/// Returns whether every corner of `inner` lies in `outer`, to a hundredth of a pixel.
pub(crate) fn contains(outer: &Quad, inner: &Quad) -> bool {
    outer_sides(outer).all(|(a, b)| {
        let length = (b.x - a.x).hypot(b.y - a.y);
        inner.0.iter().all(|p| cross(a, b, *p) >= -0.01 * length)
    })
}

/// Returns whether a point lies in a quadrilateral or on its edge.
pub(crate) fn holds(quad: &Quad, point: Point) -> bool {
    outer_sides(quad).all(|(a, b)| cross(a, b, point) >= 0.0)
}

/// Returns whether a rectangle lies entirely in the given lines together, probed at every pixel of it.
pub(crate) fn covered(quad: &Quad, lines: &[Detection]) -> bool {
    let (left, top, right, bottom) = extent(quad);
    let near: Vec<&Quad> = (lines.iter().map(|line| &line.quad))
        .filter(|other| {
            let e = extent(other);
            e.0 <= right && e.2 >= left && e.1 <= bottom && e.3 >= top
        })
        .collect();
    let ((along, down), (u, v)) = (sides(quad), axes(quad));
    let steps = |length: f32| (0..=length.ceil() as u32).map(move |i| (i as f32).min(length));
    !near.is_empty()
        && steps(down).all(|j| {
            steps(along).all(|i| {
                let point = Point::new(quad.0[0].x + i * u.0 + j * v.0, quad.0[0].y + i * u.1 + j * v.1);
                near.iter().any(|other| holds(other, point))
            })
        })
}

/// Returns whether the upright boxes round two quadrilaterals share nothing, which is quickly seen.
fn are_apart(first: &Quad, second: &Quad) -> bool {
    let (a, b) = (extent(first), extent(second));
    a.0 > b.2 || b.0 > a.2 || a.1 > b.3 || b.1 > a.3
}

/// Returns the area that two convex quadrilaterals share.
pub(crate) fn shared_area(first: &Quad, second: &Quad) -> f32 {
    if are_apart(first, second) {
        return 0.0;
    }
    let mut corners = first.0.to_vec();
    for (a, b) in outer_sides(second) {
        let mut cut = Vec::with_capacity(corners.len() + 1);
        for (i, &p) in corners.iter().enumerate() {
            let q = corners[(i + 1) % corners.len()];
            let (side_p, side_q) = (cross(a, b, p), cross(a, b, q));
            if side_p >= 0.0 {
                cut.push(p);
            }
            if (side_p < 0.0) != (side_q < 0.0) {
                let t = side_p / (side_p - side_q);
                cut.push(Point::new(p.x + t * (q.x - p.x), p.y + t * (q.y - p.y)));
            }
        }
        corners = cut;
    }
    area(&corners)
}

/// Returns the shared area divided by the area of both together.
pub(crate) fn overlap(first: &Quad, second: &Quad) -> f32 {
    let shared = shared_area(first, second);
    shared / (area(&first.0) + area(&second.0) - shared).max(f32::MIN_POSITIVE)
}

fn outer_sides(quad: &Quad) -> impl Iterator<Item = (Point, Point)> {
    let [a, b, c, d] = quad.0;
    [(a, b), (b, c), (c, d), (d, a)].into_iter()
}

/// Positive if `p` lies to the right of the way from `a` to `b`, that is inside a clockwise polygon.
fn cross(a: Point, b: Point, p: Point) -> f32 {
    (b.x - a.x) * (p.y - a.y) - (b.y - a.y) * (p.x - a.x)
}

/// Joins what several passes say about the same text, so that each line comes once, and sorts the lines from top to
/// bottom, then from left to right.
///
/// The area of all lines never shrinks: two lines become one rectangle that holds both, or one is dropped because it
/// lies inside the other.
pub(crate) fn merge(mut lines: Vec<Detection>) -> Vec<Detection> {
    sort(&mut lines);
    let mut kept: Vec<Detection> = Vec::new();
    while let Some(line) = lines.pop() {
        let joined = kept.iter().enumerate().find_map(|(i, other)| Some((i, join(other, &line)?)));
        match joined {
            Some((i, joined)) => {
                kept.swap_remove(i);
                lines.push(joined);
            }
            None => kept.push(line),
        }
    }
    sort(&mut kept);
    kept
}

/// Returns one line for two, if they are one: if the rectangle round both is hardly larger than what they cover, and
/// no higher than the higher of them, so that a line does not swallow its neighbors above and below.
fn join(first: &Detection, second: &Detection) -> Option<Detection> {
    // How much larger; and how much of a square of the line's height must be shared. Found by eye on line fragments
    // at seams and on the same line in two scales.
    const SLACK: f32 = 1.2;
    const SHARED: f32 = 0.5;
    if are_apart(&first.quad, &second.quad) {
        return None;
    }
    let (short1, short2) = (short_side(&first.quad), short_side(&second.quad));
    let (low, high) = (short1.min(short2), short1.max(short2));
    // A line inside a much higher box stays: the box may be a block that the recognizer cannot read as one.
    if high > 1.7 * low {
        return None;
    }
    let score = first.score.max(second.score);
    for (outer, inner) in [(first, second), (second, first)] {
        if contains(&outer.quad, &inner.quad) {
            return Some(Detection { quad: outer.quad, score });
        }
    }
    let shared = shared_area(&first.quad, &second.quad);
    if shared < SHARED * low * low {
        return None;
    }
    let corners: Vec<Point> = first.quad.0.iter().chain(&second.quad.0).copied().collect();
    let directions = [axes(&first.quad).0, axes(&second.quad).0];
    let quad = smallest_rectangle(&corners, directions.into_iter())?;
    let covered = area(&first.quad.0) + area(&second.quad.0) - shared;
    (area(&quad.0) <= SLACK * covered && short_side(&quad) <= SLACK * high).then_some(Detection { quad, score })
}

fn sort(lines: &mut [Detection]) {
    let key = |line: &Detection| {
        let (x0, y0, x1, y1) = extent(&line.quad);
        [y0, x0, y1, x1, line.score]
    };
    lines.sort_by(|a, b| {
        let pairs = key(a).into_iter().zip(key(b));
        pairs.map(|(a, b)| a.total_cmp(&b)).find(|order| order.is_ne()).unwrap_or(std::cmp::Ordering::Equal)
    });
}

/// Returns left, top, right and bottom.
pub(crate) fn extent(quad: &Quad) -> (f32, f32, f32, f32) {
    quad.0.iter().fold((f32::INFINITY, f32::INFINITY, f32::NEG_INFINITY, f32::NEG_INFINITY), |e, p| {
        (e.0.min(p.x), e.1.min(p.y), e.2.max(p.x), e.3.max(p.y))
    })
}

/// Returns whether what is marked aslant is a stroke of a letter of a line, that of a K or an M: it is hardly longer than
/// the line is high, and half of it or more lies in it.
///
/// (Of 6052 lines of renderings of the tune split the same 6030 are hidden without such strokes and with them.)
pub(super) fn is_stroke_of(part: &Quad, line: &Quad) -> bool {
    /// Of the height of the line. The diagonal of an M as wide as high is 1.4 of it.
    const LONGEST: f32 = 1.5;
    const SHARE: f32 = 0.5;
    let (along, down) = sides(part);
    is_aslant(part)
        && !is_aslant(line)
        && along.max(down) <= LONGEST * short_side(line)
        && shared_area(part, line) >= SHARE * area(&part.0)
}

/// Returns whether no side of a rectangle is within 15 degrees of a row or a column.
fn is_aslant(quad: &Quad) -> bool {
    const SLOPE: f32 = 0.27;
    let [a, b, ..] = quad.0;
    let (x, y) = ((b.x - a.x).abs(), (b.y - a.y).abs());
    x.min(y) > SLOPE * x.max(y)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Rect;

    fn quad(x0: u32, y0: u32, x1: u32, y1: u32) -> Quad {
        Quad::from_rect(Rect::new(x0, y0, x1, y1))
    }

    fn line(x0: u32, y0: u32, x1: u32, y1: u32) -> Detection {
        Detection { quad: quad(x0, y0, x1, y1), score: 0.5 }
    }

    #[test]
    fn padding_is_a_pixel_and_a_tenth_of_the_short_side() {
        assert_eq!(
            pad(&quad(10, 20, 110, 40)).0,
            [(7.0, 17.0), (113.0, 17.0), (113.0, 43.0), (7.0, 43.0)].map(|(x, y)| Point::new(x, y))
        );
    }

    #[test]
    fn areas_and_overlaps_are_those_of_the_drawing() {
        assert!((area(&quad(0, 0, 4, 3).0) - 12.0).abs() < 1e-5);
        assert!((shared_area(&quad(0, 0, 4, 4), &quad(2, 1, 8, 3)) - 4.0).abs() < 1e-5);
        assert!(shared_area(&quad(0, 0, 4, 4), &quad(5, 5, 8, 8)) < 1e-6);
        assert!((overlap(&quad(0, 0, 4, 4), &quad(0, 0, 4, 2)) - 0.5).abs() < 1e-5);
        assert!(contains(&quad(0, 0, 4, 4), &quad(0, 0, 4, 4)) && !contains(&quad(0, 0, 4, 4), &quad(1, 1, 5, 2)));
    }

    #[test]
    fn the_first_side_of_a_rectangle_points_to_the_right() {
        let points = quad(0, 0, 10, 2).0;
        for direction in [(1.0, 0.0), (0.0, 1.0), (-1.0, 0.0), (0.0, -1.0)] {
            let found = smallest_rectangle(&points, std::iter::once(direction)).expect("four points");
            assert_eq!(found, quad(0, 0, 10, 2), "{direction:?}");
        }
    }

    #[test]
    fn fragments_of_one_line_become_one_line() {
        assert_eq!(merge(vec![line(0, 0, 300, 20), line(200, 0, 500, 20)]), [line(0, 0, 500, 20)]);
        assert_eq!(merge(vec![line(0, 0, 300, 20), line(2, 1, 299, 19)]), [line(0, 0, 300, 20)]);
    }

    #[test]
    fn neighbors_stay_apart_and_in_reading_order() {
        let lines = [line(0, 0, 300, 20), line(0, 18, 300, 38), line(320, 18, 400, 38)];
        assert_eq!(merge(vec![lines[2], lines[1], lines[0]]), lines);
    }

    #[test]
    fn a_line_inside_a_block_stays() {
        let lines = [line(0, 0, 300, 90), line(10, 10, 200, 30)];
        assert_eq!(merge(lines.to_vec()), lines);
    }

    #[test]
    fn strokes_of_letters_are_no_lines() {
        let quad = |corners: [(f32, f32); 4]| Quad(corners.map(|(x, y)| Point::new(x, y)));
        let line = quad([(3.0, 2.0), (216.0, 2.5), (216.0, 26.0), (3.0, 25.5)]);
        let stroke = quad([(19.6, 10.5), (30.0, 0.1), (32.6, 2.8), (22.3, 13.1)]);
        assert!(is_stroke_of(&stroke, &line));
        // One of a line that stands elsewhere, one that is longer, what is level, and the line itself are none.
        let moved = |quad: Quad, down: f32| Quad(quad.0.map(|p| Point::new(p.x, p.y + down)));
        let word = quad([(19.0, 28.0), (45.0, 2.0), (55.0, 12.0), (29.0, 38.0)]);
        let level = quad([(20.0, 4.0), (40.0, 4.0), (40.0, 20.0), (20.0, 20.0)]);
        for other in [moved(stroke, -8.0), moved(stroke, 20.0), word, level, line] {
            assert!(!is_stroke_of(&other, &line), "{other:?}");
        }
        assert!(!is_stroke_of(&line, &stroke));
    }
}
